//! The pages, used as a browser without JavaScript does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::{Client, Desk};

const FORM: &str = "application/x-www-form-urlencoded";

/// Posts a form, as a page of the app would.
fn send(client: &mut Client, path: &str, form: &str) -> (u16, String, String) {
    let headers = [("Content-Type", FORM), ("Sec-Fetch-Site", "same-origin")];
    let answer = client.send("POST", path, &headers, Some(form));
    let location = answer.header("location").unwrap_or_default().to_owned();
    (answer.status, location, answer.body)
}

fn signed_up(desk: &Desk) -> Client {
    let mut client = desk.visitor();
    let form = "name=Ana&email=ana%40example.org&password=a+long+enough+one";
    let (status, location, body) = send(&mut client, "/sign-up", form);
    assert_eq!(
        (status, location.as_str()),
        (303, "/?done=signed-up"),
        "{body}"
    );
    client
}

#[test]
fn a_row_is_made_changed_and_seen() {
    let desk = Desk::open();
    let mut ana = signed_up(&desk);
    let (status, location, _) = send(
        &mut ana,
        "/tickets/new",
        "subject=%3Cb%3EPrinter%3C%2Fb%3E&priority=high&due=2030-01-02",
    );
    assert_eq!(status, 303);
    let page = ana.get(&location).body;
    assert!(
        page.contains("&lt;b&gt;Printer") && !page.contains("<b>Printer"),
        "{page}"
    );
    assert!(page.contains("Created."), "{page}");
    assert!(
        !page.contains("/solve"),
        "a step she may not take has no button: {page}"
    );
    let list = ana.get("/tickets?priority=high").body;
    assert!(
        list.contains("href=\"/tickets/1\"") && list.contains("Priority: High"),
        "{list}"
    );
    assert!(ana.get("/tickets.csv").body.starts_with("id,subject,"));
}

#[test]
fn what_does_not_fit_is_said_at_its_field_and_kept() {
    let desk = Desk::open();
    let mut ana = signed_up(&desk);
    let (status, _, page) = send(&mut ana, "/tickets/new", "subject=x&due=2030-01-02");
    assert_eq!(status, 422);
    assert!(
        page.contains("aria-invalid=\"true\"") && page.contains("f-subject-error-0"),
        "{page}"
    );
    assert!(page.contains("value=\"2030-01-02\""), "{page}");
}

#[test]
fn nobody_overwrites_what_they_have_not_seen() {
    let desk = Desk::open();
    let mut ana = signed_up(&desk);
    send(&mut ana, "/tickets/new", "subject=Printer&priority=low");
    let (status, ..) = send(&mut ana, "/tickets/1/edit", "subject=Plotter&version=1");
    assert_eq!(status, 303);
    let (status, _, page) = send(&mut ana, "/tickets/1/edit", "subject=Scanner&version=1");
    assert_eq!(status, 412);
    assert!(
        page.contains("Plotter") && page.contains("value=\"Scanner\""),
        "{page}"
    );
    let (status, ..) = send(&mut ana, "/tickets/1/edit", "subject=Scanner&version=2");
    assert_eq!(status, 303);
}

#[test]
fn visitors_are_asked_to_sign_in_and_come_back_here_only() {
    let desk = Desk::open();
    let mut visitor = desk.visitor();
    let answer = visitor.get("/tickets?priority=low");
    assert_eq!(
        answer.header("location"),
        Some("/login?next=%2Ftickets%3Fpriority%3Dlow")
    );
    signed_up(&desk);
    let form = "email=ana%40example.org&password=a+long+enough+one&next=";
    let (status, location, _) = send(&mut visitor, "/login", &format!("{form}%2F%2Fevil.example"));
    assert_eq!((status, location.as_str()), (303, "/"));
    let (_, location, _) = send(&mut visitor, "/login", &format!("{form}%2Ftickets"));
    assert_eq!(location, "/tickets");
    for path in [
        "/tickets/99",
        "/tickets/x",
        "/nothing",
        "/link/made-up",
        "/tickets?bogus=1",
    ] {
        let answer = visitor.get(path);
        assert!(
            matches!(answer.status, 404 | 422),
            "{path} {}",
            answer.status
        );
        assert!(answer.body.contains("<main"), "{path}");
    }
}
