//! Tests of what pages decides without a request.

use super::address::{local, replaced, with_query};
use super::csv;
use super::list::lower_first;

#[test]
fn only_paths_of_this_site_are_followed() {
    for good in ["/", "/tickets/7?a=b", "/a//b"] {
        assert_eq!(local(good), Some(good));
    }
    for bad in [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "tickets",
        "/\tx",
        "/a\r\nSet-Cookie: x",
        "/\\/evil",
    ] {
        assert_eq!(local(bad), None, "{bad:?}");
    }
}

#[test]
fn queries_are_encoded_and_empty_pairs_left_out() {
    assert_eq!(
        with_query("/a", &[("q", "x&y=z é"), ("none", "")]),
        "/a?q=x%26y%3Dz%20%C3%A9"
    );
    assert_eq!(with_query("/a?b=1", &[("c", "2")]), "/a?b=1&c=2");
    let pairs = [
        ("sort".to_owned(), "due".to_owned()),
        ("q".to_owned(), "ink".to_owned()),
    ];
    assert_eq!(
        with_query("/a", &replaced(&pairs, &[("sort", "-due")])),
        "/a?q=ink&sort=-due"
    );
}

#[test]
fn spreadsheets_run_no_formula_from_a_cell() {
    let mut line = String::new();
    for (place, text) in ["=1+1", "-12.50", "-cmd", "a,b", "say \"hi\"", "@x", "plain"]
        .into_iter()
        .enumerate()
    {
        csv::cell(&mut line, place == 0, text);
    }
    assert_eq!(
        line,
        "\"'=1+1\",-12.50,\"'-cmd\",\"a,b\",\"say \"\"hi\"\"\",\"'@x\",plain"
    );
}

#[test]
fn names_fit_into_a_sentence() {
    assert_eq!(lower_first("en", "Purchase request"), "purchase request");
    assert_eq!(lower_first("en", "PO line"), "PO line");
    assert_eq!(lower_first("en", "É"), "É");
    assert_eq!(lower_first("en", ""), "");
    assert_eq!(lower_first("de-CH", "Termin"), "Termin");
    assert_eq!(lower_first("fr", "Facture"), "facture");
}
