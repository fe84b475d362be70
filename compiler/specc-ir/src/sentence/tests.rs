use super::sentence;
use crate::generate::{program, typed};

#[test]
fn plain_english() {
    let ir = program();
    for (text, wanted) in [
        (
            "state is live and day is set",
            "the state is live, and the day is set",
        ),
        (
            "day is empty or day >= today",
            "the day is empty, or the day is not before today",
        ),
        (
            "state is live implies price > 10",
            "if the state is live, then the price is more than 10.00",
        ),
        ("owner is me", "the owner is the person asking"),
        ("me is Clerk", "the person asking is a clerk"),
        (
            "not exists(Item where open)",
            "there is no item for which its open is yes",
        ),
        (
            "count(Item where owner is this.owner) <= 10",
            "the number of items for which its owner is the owner is at most 10",
        ),
        (
            "seen < now - 14 days",
            "the seen is before now minus 14 days",
        ),
        (
            "parent.title is one of \"a\", \"b\"",
            "the title of the parent is “a” or “b”",
        ),
    ] {
        assert_eq!(sentence(&typed(&ir, text).unwrap(), &ir), wanted, "{text}");
    }
}
