//! What a run leaves behind: evidence that can be done again, files for other programs, the annotated spec.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use specc_build::app::{listen, start_alone};
use specc_build::folder::Folder;
use specc_tests::{apps_target, copy, root, specc};
use specc_verify::app::App;
use specc_verify::judge::{Options, Origin, Verdict, judge, replay};
use specc_verify::report::{Report, Run, hurl, junit, page, sarif};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// The helpdesk in a folder that no other test knows, since its spec is edited here.
fn helpdesk_of_its_own() -> (tempfile::TempDir, PathBuf) {
    let work = tempfile::tempdir().unwrap();
    let program = work.path().join("helpdesk");
    copy(
        &root().join("examples/helpdesk/spec"),
        &program.join("spec"),
    );
    (work, program)
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(specc());
    command
        .args(arguments)
        .arg(program)
        .env("SPECC_TARGET_DIR", apps_target());
    command
}

fn said(output: &Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text)
}

fn evidence(program: &Path) -> Value {
    let text = std::fs::read_to_string(program.join(".specc/evidence/evidence.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The first result with this verdict and a class.
fn id_of(evidence: &Value, verdict: &str, class: impl Fn(&str) -> bool) -> String {
    let all = evidence["results"].as_array().unwrap();
    let found = all
        .iter()
        .find(|result| result["verdict"] == verdict && class(result["class"].as_str().unwrap()));
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// A scenario that is not what the program does.
const WRONG: &str = "
## Scenario: Whoever files a ticket solves it

- Given a customer Ana
- And a Ticket \"Printer on fire\" by Ana with status pending
- When Ana does solve on the Ticket \"Printer on fire\"
- Then it succeeds
";

#[test]
fn evidence_is_kept_and_done_again() {
    let (_work, helpdesk) = helpdesk_of_its_own();
    let spec = helpdesk.join("spec/app.md");
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, format!("{text}{WRONG}")).unwrap();

    let output = command(&helpdesk, &["verify", "--no-browser", "--time", "3"])
        .output()
        .unwrap();
    let (code, text) = said(&output);
    assert_eq!(code, 1, "{text}");
    for part in [
        "error[scenarios]: Whoever files a ticket solves it",
        "- Then it succeeds",
        "When Ana does solve on the Ticket \"Printer on fire\"",
        "again: specc replay scenario.13",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let kept = evidence(&helpdesk);
    assert_eq!(kept["summary"]["failed"], 1);
    assert!(kept["summary"]["strength"].is_null());
    assert_eq!(kept["interrupted"], false);
    let page = std::fs::read_to_string(helpdesk.join(".specc/evidence/spec.html")).unwrap();
    assert!(page.contains("Whoever files a ticket solves it"));

    let again = |id: &str| said(&command(&helpdesk, &["replay", id]).output().unwrap());
    let (code, text) = again("scenario.13");
    assert!(
        code == 1 && text.contains("still failed: scenario.13"),
        "{text}"
    );
    let held = id_of(&kept, "held", |class| class == "access");
    let (code, text) = again(&held);
    assert!(
        code == 0 && text.contains(&format!("still held: {held}")),
        "{text}"
    );
    let open = id_of(&kept, "not exercised", |_| true);
    let (code, text) = again(&open);
    assert!(code == 2 && text.contains("was not exercised"), "{text}");
    let (code, text) = again("scenari.13");
    assert!(
        code == 2 && text.contains("did you mean scenario.1"),
        "{text}"
    );

    traced(&helpdesk);

    // The same dice would do something else with another spec.
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, format!("{text}\nMore.\n")).unwrap();
    let (code, said) = again(&held);
    assert!(code == 2 && said.contains("the spec was edited"), "{said}");

    std::fs::write(&spec, text).unwrap();
    done_again_by_every_run(&helpdesk, &kept);
}

/// What failed in an earlier run is done again, whatever the seed of this one.
fn done_again_by_every_run(helpdesk: &Path, evidence: &Value) {
    let path = helpdesk.join(".specc/kept.json");
    let case = |spec: &str, scene: u64| json!({ "spec": spec, "origin": { "steps": { "scene": scene, "steps": [0, 2] } } });
    let spec = evidence.get("spec").and_then(Value::as_str).unwrap();
    let cases = json!([case("another", 76), case(spec, 77)]);
    std::fs::write(&path, cases.to_string()).unwrap();
    let verify = || {
        let arguments = ["verify", "--no-browser", "--fail-fast"];
        said(&command(helpdesk, &arguments).output().unwrap())
    };
    assert_eq!(verify().0, 1);
    let done = self::evidence(helpdesk);
    let results = done.get("results").and_then(Value::as_array);
    let ids: Vec<&str> = results
        .into_iter()
        .flatten()
        .filter_map(|result| result["id"].as_str())
        .collect();
    assert!(
        ids.contains(&"steps.77") && !ids.contains(&"steps.76"),
        "{ids:?}"
    );
    // Of what holds nothing is kept, and of a scenario neither: it is played in any case.
    let left: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(left, cases);
    std::fs::write(&path, "[{").unwrap();
    let (code, text) = verify();
    assert!(
        code == 2 && text.contains("kept.json can't be understood"),
        "{text}"
    );
    std::fs::remove_file(&path).unwrap();
}

/// From a sentence to what came of it, and back.
fn traced(helpdesk: &Path) {
    let trace = |place: &str| said(&command(helpdesk, &["trace", place]).output().unwrap());
    let line = |file: &str, part: &str| {
        let text = std::fs::read_to_string(helpdesk.join(file)).unwrap();
        let at = text.lines().position(|line| line.contains(part)).unwrap();
        format!("{file}:{}", at + 1)
    };
    let holds = |place: &str, parts: &[&str]| {
        let (code, text) = trace(place);
        assert_eq!(code, 0, "{place}: {text}");
        for part in parts {
            assert!(text.contains(part), "{place}: {part} is not in:\n{text}");
        }
        text
    };
    let grant = line("spec/app.md", "| requester | update subject, body");
    let text = holds(
        &grant,
        &[
            "who may update Ticket",
            "PATCH /api/tickets/{id}",
            "app/src/ticket/policy.rs:",
            "obligations held",
        ],
    );
    let code = text
        .lines()
        .find_map(|line| line.split_once("code      "))
        .unwrap()
        .1;
    let (file, lines) = code.rsplit_once(':').unwrap();
    let (first, last) = lines.split_once('-').unwrap();
    for line in first.parse::<u32>().unwrap()..=last.parse().unwrap() {
        holds(&format!("{file}:{line}"), &[&format!("follows  {grant}")]);
    }
    holds(
        &line("spec/app.md", "| due       | date"),
        &[
            "the field due of Ticket",
            "ticket.due",
            "app/src/ticket/model.rs:",
        ],
    );
    holds(
        &line("spec/app.md", "| pending | solve"),
        &[
            "the step solve of Ticket",
            "POST /api/tickets/{id}/solve",
            "app/src/ticket/lifecycle.rs:",
        ],
    );
    holds(
        &line("spec/app.md", "Only unsolved tickets can be taken over. `"),
        &[
            "the action Take over",
            "POST /api/tickets/{id}/take-over",
            "app/src/ticket/actions.rs:",
        ],
    );
    holds(
        &line("spec/app.md", "A request for help."),
        &["it is prose"],
    );
    let rule = line("spec/app.md", "- A high-priority ticket has a due date.");
    holds(
        &line(
            "app/src/ticket/rules.rs",
            "/// A high-priority ticket has a due date.",
        ),
        &[&format!("follows  {rule}")],
    );
    holds(
        "app/support/kernel/src/lib.rs:1",
        &["the same in every app"],
    );
    for (place, why) in [
        ("spec/app.md", "has no line"),
        ("spec/app.md:99999", "has no line"),
        ("spec/nowhere.md:1", "there is no file"),
        ("/etc/passwd:1", "there is no file"),
        (".specc/build.lock:1", "neither of the spec nor of the app"),
    ] {
        let (code, text) = trace(place);
        assert!(code == 2 && text.contains(why), "{place}: {text}");
    }
}

#[test]
fn a_run_that_is_interrupted_keeps_what_it_saw() {
    let (_work, helpdesk) = helpdesk_of_its_own();
    let child = command(&helpdesk, &["verify", "--time", "600"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let state = helpdesk.join(".specc");
    let judging = || {
        let entries = std::fs::read_dir(&state).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().starts_with("verification-"))
    };
    while !judging() {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let (code, text) = said(&child.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("interrupted:"), "{text}");
    let kept = evidence(&helpdesk);
    assert_eq!(kept["interrupted"], true);
    assert!(!judging());
    let (code, text) = said(
        &command(&helpdesk, &["verify", "--time", "1"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{text}");
}

/// A fault in generated code: which sentence it breaks is known, it is found again, and other programs can read of it.
#[test]
fn what_is_broken_is_told_at_its_sentence() {
    let (_work, helpdesk) = helpdesk_of_its_own();
    let built = command(&helpdesk, &["build", "--no-compile"])
        .output()
        .unwrap();
    assert!(built.status.success());
    let checked = specc_build::front::check(&Folder::at(&helpdesk)).unwrap();
    let work = tempfile::tempdir().unwrap();
    let app = work.path().join("app");
    copy(&helpdesk.join("app"), &app);
    let path = app.join("src/ticket/policy.rs");
    let text = std::fs::read_to_string(&path).unwrap();
    let right = "\"t.requester = :me AND t.status = 'open'\"";
    assert!(text.contains(right));
    std::fs::write(&path, text.replacen(right, "\"t.requester = :me\"", 1)).unwrap();
    let compiled = Command::new("cargo")
        .args(["build", "--locked", "--features", "verification"])
        .current_dir(&app)
        .env("CARGO_TARGET_DIR", apps_target().join("evidence"))
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", said(&compiled).1);
    let listener = listen(Some(0)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let binary = apps_target().join("evidence/debug/app");
    let running = start_alone(&binary, &listener, data.path()).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = App::at(&address).unwrap();
    let records = judge(&checked.ir, &app, Options::default(), &mut |_| {});

    let sentence = "| requester | update subject, body                | `status is open`   |";
    let failed: Vec<_> = records
        .iter()
        .filter(|record| record.verdict == Verdict::Failed)
        .collect();
    // What was thought of for the sentence is told at the sentence; a page with a control too many, at its entity.
    let of_the_sentence: Vec<_> = failed
        .iter()
        .filter(|record| matches!(record.origin, Origin::Walk { .. }))
        .collect();
    assert!(!of_the_sentence.is_empty());
    for record in of_the_sentence {
        assert_eq!(checked.sources.text(record.span), sentence, "{}", record.id);
        let seen = replay(&checked.ir, &app, &record.origin).unwrap().unwrap();
        assert_eq!(seen.verdict, Verdict::Failed);
        assert_eq!(seen.actual, record.actual);
    }
    // A door that should be shut answers as an open one does, to what is right and to what is wrong.
    let mut seen = failed.iter().map(|record| record.actual.as_str());
    let open = ["it was carried out (200)", "it was refused with"];
    assert!(seen.any(|actual| open.iter().any(|words| actual.starts_with(words))));

    let first = failed.first().unwrap();
    let text = hurl::hurl(first).unwrap();
    assert!(text.contains("POST {{host}}/verification/rows"), "{text}");
    assert!(text.trim_end().ends_with("HTTP 403"), "{text}");
    // Where Hurl is there, it says so as well.
    let file = work.path().join("broken.hurl");
    std::fs::write(&file, text).unwrap();
    let ran = Command::new("hurl")
        .args(["--test", "--variable", &format!("host={address}")])
        .arg(&file)
        .output();
    if let Ok(ran) = ran {
        let text = said(&ran).1;
        assert!(text.contains("actual value is <200>"), "{text}");
    }
    drop(running);

    let report = Report::new(&checked.ir, &checked.sources, &records, &Run::default());
    let xml = junit(&report).unwrap();
    let read = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let cases = |suite: &quick_junit::TestSuite| suite.failures;
    assert_eq!(
        read.test_suites.iter().map(cases).sum::<usize>(),
        failed.len()
    );
    let log: serde_sarif::sarif::Sarif = serde_json::from_value(sarif(&report)).unwrap();
    let results = log.runs.first().unwrap().results.clone().unwrap();
    let errors = results
        .iter()
        .filter(|result| serde_json::to_value(result.level).unwrap() == "error");
    assert_eq!(errors.count(), failed.len());
    assert!(page::page(&report, &checked.sources).contains("The app breaks "));
}
