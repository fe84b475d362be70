//! Where people go once something is done: to a page that is there for them, and shows it again when loaded again.

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

    // Out of sight with what was done to it.
    let (next, page) = goes(&nora, &format!("{row}/drop"), "");
    assert!(
        page.contains("Dropped: Brighter") && page.contains("href=\"/ideas\""),
        "{next} {page}"
    );
    let (next, page) = goes(&kim, "/complaints/new", "text=Own");
    assert!(
        next.starts_with("/complaints/") && page.contains("Own"),
        "{page}"
    );
}

#[test]
fn a_result_that_is_loaded_again_runs_nothing() {
    let served = serve();
    let (nora, nils) = (Person::new(&served, "nora"), Person::new(&served, "nils"));
    goes(&nora, "/campaigns/new", "name=Spring&budget=100");
    let (next, page) = goes(&nora, "/do/raise-all-budgets", "");
    assert!(page.contains("<dd>1</dd>"), "{page}");
    goes(&nora, "/campaigns/new", "name=Summer&budget=100");
    for _ in 0..3 {
        let (status, again) = nora.get(&next);
        assert!(status == 200 && again.contains("<dd>1</dd>"), "{again}");
    }
    let budgets = nora.column("/api/campaigns?sort=name", "budget");
    assert_eq!(budgets, ["110.00", "100.00"]);
    // It is for who asked, and nothing else has such an address.
    let visitor = Person::visitor(&served);
    for person in [&nils, &visitor] {
        assert_eq!(person.get(&next).0, 404);
    }
    assert_eq!(nora.get("/do/raise-all-budgets/none").0, 404);
    assert_eq!(nora.form(&next, "").0, 405);
    let (counted, page) = goes(&visitor, "/do/number-of-complaints", "");
    assert!(page.contains("<dd>0</dd>"), "{page}");
    assert_eq!(nora.get(&counted).0, 404);
    assert_eq!(visitor.get(&counted).0, 200);
}
