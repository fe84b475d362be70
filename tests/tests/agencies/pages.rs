//! Where people go once something is done: to a page that is there for them.

use super::{Person, serve};

/// Posts a form, goes where it leads, and gives the address and the page.
fn goes(person: &Person<'_>, path: &str, body: &str) -> (String, String) {
    let (status, next) = person.form(path, body);
    assert_eq!(status, 303, "{path}: {next}");
    let (status, page) = person.get(&next);
    assert_eq!(status, 200, "{path} leads to {next}: {page}");
    (next, page)
}

#[test]
fn nobody_is_sent_to_a_row_that_they_may_not_read() {
    let served = serve();
    let (nora, kim) = (Person::new(&served, "nora"), Person::new(&served, "kim"));
    // A whole list that is out of sight, a visitor's too; a row of one that is not.
    for person in [&nora, &Person::visitor(&served)] {
        let (next, page) = goes(person, "/complaints/new", "text=Loud");
        assert_eq!(next, "/?done=created");
        assert!(
            page.contains("Created.") && !page.contains("Loud"),
            "{page}"
        );
    }
    let (next, page) = goes(&nora, "/ideas/new", "text=Quiet&open=no");
    assert_eq!(next, "/ideas?done=created");
    assert!(
        page.contains("Created.") && !page.contains("Quiet"),
        "{page}"
    );
    let (next, page) = goes(&nora, "/ideas/new", "text=Bright&open=yes");
    assert!(
        next.ends_with("?done=created") && page.contains("Bright"),
        "{page}"
    );
    let row = next.split('?').next().unwrap();
    let (saved, page) = goes(&nora, &format!("{row}/edit"), "text=Brighter&open=yes");
    assert_eq!(saved, format!("{row}?done=saved"));
    assert!(
        page.contains("Saved.") && page.contains("Brighter"),
        "{page}"
    );

    let (next, page) = goes(&kim, "/complaints/new", "text=Own");
    assert!(
        next.starts_with("/complaints/") && page.contains("Own"),
        "{page}"
    );
}
