//! Who signs up by one door comes in by every other.

use super::{Person, serve};
use serde_json::json;

#[test]
fn a_password_given_to_an_action_is_the_one_of_the_pages() {
    let served = serve();
    let visitor = Person::visitor(&served);
    // White space counts, and the letters with two dots are the same in one character and in two.
    let (composed, apart) = (
        " gr\u{fc}n wie fr\u{fc}her",
        " gru\u{308}n wie fru\u{308}her",
    );
    for (number, (given, later)) in [(composed, apart), (apart, composed)].iter().enumerate() {
        for door in ["/api/sign-up", "/do/apply"] {
            let email = format!("u\u{308}{number}{}@example.com", door.len());
            let (status, answer) = if door.starts_with("/api") {
                let body = json!({ "name": "Uwe", "email": email, "password": given });
                visitor.post(door, &body)
            } else {
                let body = format!("name=Uwe&email={email}&password={given}").replace(' ', "+");
                let (status, text) = visitor.form(door, &body);
                (status, json!(text))
            };
            assert!([201, 303].contains(&status), "{door}: {status} {answer}");
            let body = json!({ "email": email, "password": later });
            let (status, answer) = visitor.post("/api/tokens", &body);
            assert_eq!(status, 201, "{door}: {answer}");
            let (status, answer) = visitor.post("/api/come-in", &body);
            assert!(
                status == 200 && answer["token"].is_string(),
                "{door}: {answer}"
            );
            let trimmed = json!({ "email": email, "password": given.trim() });
            assert_eq!(visitor.post("/api/tokens", &trimmed).0, 401, "{door}");
        }
    }
}
