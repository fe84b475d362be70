use super::*;

fn program(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Folder) {
    let work = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = work.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let folder = Folder::at(work.path());
    (work, folder)
}

#[test]
fn files_come_sorted_with_relative_paths() {
    let (_work, folder) = program(&[
        ("spec/z.md", b"# Z"),
        ("spec/a/b.md", b"# B"),
        ("spec/note.txt", b"no"),
    ]);
    let (sources, problems) = read(&folder).unwrap();
    let paths: Vec<&str> = sources
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(
        (paths, problems.len()),
        (vec!["spec/a/b.md", "spec/z.md"], 0)
    );
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_read() {
    let (_work, folder) = program(&[
        ("spec/a.md", b"# A"),
        ("spec/b.md", &[0xff, 0xfe]),
        ("spec/c.md", b"a\0b"),
    ]);
    let (sources, problems) = read(&folder).unwrap();
    assert_eq!((sources.files.len(), problems.len()), (3, 2));
    assert!(
        problems
            .iter()
            .all(|problem| problem.name == "unreadable-file")
    );
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let (work, folder) = program(&[("spec/a.md", b"# A")]);
    std::os::unix::fs::symlink(work.path().join("spec"), work.path().join("spec/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere.md", work.path().join("spec/gone.md")).unwrap();
    let (sources, problems) = read(&folder).unwrap();
    assert_eq!((sources.files.len(), problems.len()), (2, 1));
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_without_reading_it() {
    let (work, folder) = program(&[("spec/a.md", b"# A")]);
    let large = std::fs::File::create(work.path().join("spec/large.md")).unwrap();
    large.set_len(100 * 1024 * 1024).unwrap();
    let (_, problems) = read(&folder).unwrap();
    assert!(
        problems[0].message.contains("100 MB"),
        "{}",
        problems[0].message
    );
}

#[test]
fn no_spec_is_said() {
    let work = tempfile::tempdir().unwrap();
    assert!(matches!(
        read(&Folder::at(work.path())),
        Err(BuildError::NoSpec { .. })
    ));
    std::fs::create_dir(work.path().join("spec")).unwrap();
    assert!(matches!(
        read(&Folder::at(work.path())),
        Err(BuildError::NoSpec { .. })
    ));
}
