//! Which names are the same, which are near, and that the table is in order.

use super::*;

#[test]
fn the_table_is_sorted_and_reads_well() {
    assert!(
        NAMES.is_sorted_by(|a, b| a.0 < b.0),
        "sorted by name, each once"
    );
    for (name, _, meaning) in NAMES {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{name} is not kebab-case"
        );
        assert!(
            !meaning.is_empty() && !meaning.ends_with('.'),
            "{name}: no final period"
        );
        assert_eq!(find(name).map(|entry| entry.2), Some(*meaning));
    }
    assert_eq!(find("no-such-name"), None);
}

#[test]
fn case_blanks_and_dashes_make_no_difference() {
    assert!(same_name("Signed-In", "signed in"));
    assert!(same_name("order_line", "OrderLine"));
    assert!(same_name("Übung", "U\u{308}BUNG"));
    assert!(same_name("ΣΑΣ", "σας") || fold_name("ΣΑΣ") != fold_name("σας"));
    assert!(!same_name("order", "orders"));
    assert_eq!(fold_name("  Take - Over_now "), "takeovernow");
    assert_eq!(fold_name("Größe"), "größe");
    assert_eq!(fold_name("İ"), fold_name("i\u{307}"));
}

#[test]
fn what_was_probably_meant() {
    let fields = ["subject", "status", "due date", "id"];
    assert_eq!(suggest("subjcet", fields), Some("subject"));
    assert_eq!(suggest("Due-Dat", fields), Some("due date"));
    assert_eq!(suggest("statis", fields), Some("status"));
    assert_eq!(suggest("sub", fields), None);
    assert_eq!(suggest("ID", fields), Some("id"));
    assert_eq!(suggest("ad", fields), None);
    assert_eq!(suggest("", fields), None);
    assert_eq!(suggest("bat", ["cat", "bet"]), Some("cat"));
}
