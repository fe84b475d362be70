//! Forms and account pages in a browser that runs no scripts, walked through as people do.

use super::chrome::{Chrome, Opened};
use specc_tests::{Served, program, root};

const PASSWORD: &str = "correct horse battery";
const SUBMIT: &str = "main form.form button[type=submit]";

struct Visitor {
    chrome: Chrome,
    address: String,
}

impl Visitor {
    fn open(&mut self, path: &str) -> Opened {
        let opened = self.chrome.open(&format!("{}{path}", self.address));
        // A function of the app's script.
        assert_eq!(self.chrome.value("typeof tellAll"), "undefined");
        opened
    }

    fn fill(&mut self, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            self.chrome
                .fill(&format!("main form.form [name={name}]"), text);
        }
    }

    fn press(&mut self, selector: &str, status: u16) {
        let opened = self.chrome.press(selector);
        assert_eq!(
            opened.status,
            status,
            "{}: {}",
            self.chrome.path(),
            self.chrome.text()
        );
    }

    /// The page says this.
    fn says(&mut self, words: &str) {
        let text = self.chrome.text();
        assert!(
            text.contains(words),
            "no “{words}” at {}:\n{text}",
            self.chrome.path()
        );
    }

    fn shows(&mut self, selector: &str) -> bool {
        self.chrome
            .value(&format!("!!document.querySelector({selector:?})"))
            == true
    }

    fn value_of(&mut self, name: &str) -> String {
        let value = self.chrome.value(&format!(
            "document.querySelector('main [name={name}]').value"
        ));
        value.as_str().unwrap_or_default().to_owned()
    }

    fn sign_in(&mut self, email: &str, password: &str, status: u16) {
        self.open("/login");
        self.fill(&[("email", email), ("password", password)]);
        self.press(SUBMIT, status);
    }

    fn sign_out(&mut self) {
        self.chrome
            .click("header summary[aria-label='Your account']");
        self.press("header form[action='/logout'] button", 200);
        self.says("You are signed out.");
    }

    fn count(&mut self, selector: &str) -> u64 {
        let count = format!(
            "document.querySelectorAll({}).length",
            serde_json::json!(selector)
        );
        self.chrome.value(&count).as_u64().unwrap()
    }

    /// The newest mail's link to this app, as a path.
    fn link_from_mail(&mut self, subject: &str) -> String {
        self.open("/_outbox");
        self.says(subject);
        let link = self
            .chrome
            .value("document.querySelector('.mail a').pathname");
        link.as_str().unwrap().to_owned()
    }
}

/// Everything people do with accounts and forms.
pub fn scripts() {
    accounts();
    forms();
}

fn visit(spec: &str) -> (Served, Visitor) {
    let served = Served::start(&program(&root().join(spec)));
    let mut chrome = Chrome::start();
    chrome.scripts(false);
    let address = served.address.clone();
    (served, Visitor { chrome, address })
}

fn accounts() {
    let (_served, mut ada) = visit("tests/programs/workshop");
    // Sign up: what was typed stays, and the error is at its field.
    ada.open("/sign-up");
    ada.fill(&[
        ("name", "Ada Lovelace"),
        ("email", "ada@x.example"),
        ("password", "short"),
    ]);
    ada.press(SUBMIT, 422);
    ada.says("Password");
    assert_eq!(ada.value_of("name"), "Ada Lovelace");
    assert_eq!(ada.value_of("email"), "ada@x.example");
    assert_eq!(ada.value_of("password"), "");
    assert!(ada.shows("main [name=password][aria-invalid=true][aria-describedby]"));
    ada.fill(&[("password", PASSWORD)]);
    ada.press(SUBMIT, 200);
    // The address is confirmed before the first sign-in.
    ada.sign_in("ada@x.example", PASSWORD, 422);
    ada.says("not confirmed");
    let link = ada.link_from_mail("Confirm");
    ada.open(&link);
    ada.says("ada@x.example");
    ada.press(SUBMIT, 200);
    ada.says("confirmed");
    ada.open(&link);
    ada.says("no longer works");
    ada.sign_in("ada@x.example", "not the one", 422);
    ada.says("wrong");
    assert_eq!(ada.value_of("email"), "ada@x.example");
    ada.sign_in("ada@x.example", PASSWORD, 200);
    ada.says("Hello, Ada");
    ada.sign_out();
    // A forgotten password.
    ada.open("/forgot-password");
    ada.fill(&[("email", "ada@x.example")]);
    ada.press(SUBMIT, 200);
    let link = ada.link_from_mail("password");
    ada.open(&link);
    ada.fill(&[("password", "short")]);
    ada.press(SUBMIT, 422);
    assert!(ada.shows("main [name=password][aria-invalid=true]"));
    ada.fill(&[("password", "a second long password")]);
    ada.press(SUBMIT, 200);
    ada.says("Ada");
    ada.open(&link);
    ada.says("no longer works");
    // Changing it signs out everywhere else.
    ada.open("/account");
    ada.fill(&[("current", "wrong"), ("password", PASSWORD)]);
    ada.press("form[action='/account/password'] button", 422);
    ada.says("This is not your password.");
    ada.fill(&[
        ("current", "a second long password"),
        ("password", PASSWORD),
    ]);
    ada.press("form[action='/account/password'] button", 200);
    ada.says("Your password is changed.");
    // Sessions: three more, one is ended, then all others.
    for _ in 0..3 {
        ada.chrome.forget();
        ada.sign_in("ada@x.example", PASSWORD, 200);
    }
    ada.open("/account");
    let end = "form[action$='/revoke']:not([action*=others]) button";
    assert_eq!(ada.count(end), 3);
    ada.press(end, 200);
    ada.says("That session has ended.");
    assert_eq!(ada.count(end), 2);
    ada.press("form[action='/account/sessions/others/revoke'] button", 200);
    ada.says("Every other session has ended.");
    assert_eq!(ada.count(end), 0);
    // Leaving: a wrong password is said, then the account is gone.
    ada.press("main a[href='/account/delete']", 200);
    ada.fill(&[("password", "wrong")]);
    ada.press(SUBMIT, 422);
    ada.says("This is not your password.");
    ada.fill(&[("password", PASSWORD)]);
    ada.press(SUBMIT, 200);
    ada.says("Your account is deleted.");
    ada.sign_in("ada@x.example", PASSWORD, 422);
    // What deletes something asks first, on a page of its own.
    ada.sign_in("karl@x.example", "demo-password", 200);
    ada.open("/tools/1");
    assert!(!ada.shows("main form[action='/tools/1/clear-the-notes']"));
    ada.press("main a[href='/tools/1/clear-the-notes']", 200);
    ada.says("can't be undone");
    ada.press("main form button.danger-solid", 200);
    ada.says("No notes yet.");
    ada.sign_out();
    // An invitation.
    ada.sign_in("willa@x.example", "demo-password", 200);
    ada.open("/account/people");
    ada.fill(&[("name", "Grace Hopper"), ("email", "nobody")]);
    ada.press("form[action='/account/people/invite'] button", 422);
    assert_eq!(ada.value_of("name"), "Grace Hopper");
    ada.fill(&[("email", "grace@x.example")]);
    ada.press("form[action='/account/people/invite'] button", 200);
    ada.says("The invitation is on its way.");
    ada.sign_out();
    let link = ada.link_from_mail("invite");
    ada.open(&link);
    ada.says("grace@x.example");
    ada.fill(&[("password", PASSWORD)]);
    ada.press(SUBMIT, 200);
    ada.says("Hello, Grace");
}

fn forms() {
    let (_served, mut ana) = visit("examples/helpdesk");
    ana.sign_in("ana@example.com", "demo-password", 200);
    // What is wrong is said at its field, and nothing that was typed is lost.
    ana.open("/tickets/new");
    ana.fill(&[
        ("subject", "No"),
        ("body", "The *third* time."),
        ("priority", "high"),
    ]);
    ana.press(SUBMIT, 422);
    assert!(ana.shows("main [name=subject][aria-invalid=true][aria-describedby]"));
    assert!(ana.shows("main [role=alert] a[href='#f-subject']"));
    assert_eq!(ana.value_of("body"), "The *third* time.");
    assert_eq!(ana.value_of("priority"), "high");
    ana.fill(&[("subject", "Nothing prints")]);
    ana.press(SUBMIT, 422);
    ana.says("A high-priority ticket has a due date.");
    assert_eq!(ana.value_of("subject"), "Nothing prints");
    ana.fill(&[("due", "2999-12-31")]);
    ana.press(SUBMIT, 200);
    ana.says("Created.");
    let ticket = ana.chrome.path();
    let ticket = ticket.split('?').next().unwrap().to_owned();
    // A word below it, a change, and the list finds it.
    ana.fill(&[("text", "Still nothing.")]);
    ana.press("main form.compact button[type=submit]", 200);
    ana.says("Still nothing.");
    ana.open(&format!("{ticket}/edit"));
    ana.fill(&[("subject", "")]);
    ana.press(SUBMIT, 422);
    assert!(ana.shows("main [name=subject][aria-invalid=true]"));
    ana.fill(&[("subject", "Nothing prints at all")]);
    ana.press(SUBMIT, 200);
    ana.says("Nothing prints at all");
    ana.open("/tickets");
    ana.chrome.fill("main input[type=search]", "prints at all");
    ana.press("main form.filters button[type=submit]", 200);
    ana.says("1–1 of 1");
    ana.sign_out();
    // Buttons: what is taken over can be answered, then solved, then it is deleted after a question.
    ana.sign_in("zoe@example.com", "demo-password", 200);
    ana.open(&ticket);
    for step in ["take-over", "answer", "solve"] {
        ana.press(&format!("main form[action='{ticket}/{step}'] button"), 200);
        ana.says("done.");
    }
    assert!(
        !ana.shows("main form[action$='/take-over']"),
        "it is solved"
    );
    let late = ana.open(&format!("{ticket}/take-over"));
    assert_eq!(late.status, 409);
    ana.says("Only unsolved tickets can be taken over.");
    ana.open(&ticket);
    ana.press(&format!("main a[href='{ticket}/delete']"), 200);
    ana.says("can't be undone");
    ana.press("main form button.danger-solid", 200);
    ana.says("Deleted.");
    assert_eq!(ana.open(&ticket).status, 404);
}
