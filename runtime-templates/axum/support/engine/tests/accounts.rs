//! Signing up and in by effects: work on passwords is done outside, and the operation runs again.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::*;
use engine::caller::Caller;
use engine::operate;
use engine::refusal::Refusal;
use engine::sign::{Ask, Reply};
use kernel::value::Value;

/// What came of the operation, and of accounts.
type Joined = Result<(Option<Value>, Option<i64>, Vec<i64>), Refusal>;

fn join(desk: &Desk, email: &str, password: &str, known: Vec<(Ask, Reply)>) -> Joined {
    let inputs = vec![
        ("email", Value::from(email)),
        ("password", Value::from(password)),
    ];
    desk.engine.blocking_write(Caller::VISITOR, move |writer| {
        writer.sign.borrow_mut().known = known;
        operate::action(writer, None, None, "join", None, inputs)?;
        let mut sign = writer.sign.borrow_mut();
        Ok((
            sign.result.take(),
            sign.signed_in,
            std::mem::take(&mut sign.newcomers),
        ))
    })
}

fn asked(joined: Joined) -> Ask {
    match joined {
        Err(Refusal::Pending(ask)) => ask,
        other => panic!("nothing was asked: {other:?}"),
    }
}

#[test]
fn an_operation_waits_for_work_on_passwords_and_leaves_nothing_behind() {
    let desk = desk();
    let password = "correct horse";
    let first = asked(join(&desk, " Eve@X.org ", password, Vec::new()));
    assert_eq!(first, Ask::Hash(password.to_owned()));
    assert_eq!(desk.count("SELECT count(*) FROM user"), 0);
    let mut known = vec![(first, Reply::Hash("stored".to_owned()))];
    let second = asked(join(&desk, " Eve@X.org ", password, known.clone()));
    assert_eq!(
        second,
        Ask::Verify {
            email: "eve@x.org".to_owned(),
            password: password.to_owned(),
            stored: Some("stored".to_owned()),
        }
    );
    assert_eq!(desk.count("SELECT count(*) FROM user"), 0);
    known.push((second, Reply::Fits(true)));
    let (result, signed_in, newcomers) = join(&desk, " Eve@X.org ", password, known).unwrap();
    assert_eq!(result, Some(Value::from("eve@x.org")));
    assert_eq!(newcomers, vec![signed_in.unwrap()]);
    assert_eq!(desk.count("SELECT count(*) FROM user_role"), 1);
    assert_eq!(
        desk.count("SELECT count(*) FROM account WHERE password_hash = 'stored'"),
        1
    );
}

#[test]
fn a_wrong_password_undoes_the_operation() {
    let desk = desk();
    let hash = Ask::Hash("correct horse".to_owned());
    let mut known = vec![(hash, Reply::Hash("stored".to_owned()))];
    let verify = asked(join(&desk, "eve@x.org", "correct horse", known.clone()));
    known.push((verify, Reply::Fits(false)));
    let refused = join(&desk, "eve@x.org", "correct horse", known);
    assert_eq!(
        rules(refused),
        vec![("password", "sign-in")],
        "the words are those of an unknown address"
    );
    assert_eq!(desk.count("SELECT count(*) FROM user"), 0);
}

#[test]
fn what_does_not_fit_is_named_at_its_input_before_any_work() {
    let desk = desk();
    let refused = join(&desk, "nowhere", "short", Vec::new());
    assert_eq!(
        rules(refused),
        vec![("email", "type"), ("password", "length")]
    );
}

#[test]
fn a_password_never_shows_in_what_is_logged() {
    let ask = Refusal::Pending(Ask::Hash("correct horse".to_owned()));
    assert!(!format!("{ask:?}").contains("horse"));
}

#[test]
fn those_who_give_roles_hold_the_first_role_that_no_other_includes() {
    let app = desk().engine.app;
    let top = engine::sign::administrator(app).map(|index| app.roles[index].name);
    assert_eq!(top, Some("Admin"));
    assert!(engine::sign::administers(app, &admin(1)));
    assert!(!engine::sign::administers(app, &agent(1)));
    assert!(!engine::sign::administers(app, &customer(1)));
    assert!(!engine::sign::administers(app, &Caller::VISITOR));
}
