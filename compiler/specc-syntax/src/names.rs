//! The table of diagnostic names: name, severity, one line. A page per name stands in `specs/diagnostics/`.
//! And how names compare: which are the same, which are near.

#[cfg(test)]
mod tests;

use crate::diagnostic::Severity;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Every diagnostic there is, sorted by name: name, severity, what it means in one line.
#[rustfmt::skip] // a line per name
pub const NAMES: &[(&str, Severity, &str)] = &[
    ("ambiguous-name", Severity::Error, "a bare word that could mean two things at one place"),
    ("bad-effect", Severity::Error, "code that is no effect"),
    ("bad-expression", Severity::Error, "code that is no expression"),
    ("bad-name", Severity::Error, "a name that cannot be an identifier, a table and an address"),
    ("bad-parameter", Severity::Error, "an input that is not `name: type`"),
    ("bad-pattern", Severity::Error, "a pattern that is no regular expression"),
    ("bad-tenant", Severity::Error, "a `Tenant` that does not say whose a row is"),
    ("bad-value", Severity::Error, "a value that its type does not have"),
    ("bare-outer-name", Severity::Error, "a field of the row outside, without `this.`, inside `where`"),
    ("bare-verb", Severity::Warning, "a bare `create` or `update` that lets clients choose a user"),
    ("blank-text", Severity::Error, "a comparison with blank text, which is empty"),
    ("broken-heading", Severity::Error, "a line that looks like a heading but lacks the blank behind its `#`"),
    ("broken-table", Severity::Error, "lines with `|` that look like a table but are none"),
    ("built-in-field", Severity::Error, "a field that the program keeps and nobody sets"),
    ("chained-comparison", Severity::Error, "comparisons in a row, as in `a < b < c`"),
    ("code-expected", Severity::Error, "text where code between backticks is needed"),
    ("code-not-last", Severity::Error, "code that is not the last thing in its item, so that it would be prose"),
    ("computed-field", Severity::Error, "a computed field that is set"),
    ("conflicting-rules", Severity::Error, "two rules of a field that cannot both be meant"),
    ("duplicate-column", Severity::Error, "a column that stands twice in one table"),
    ("duplicate-key", Severity::Error, "a key that is given twice in one place"),
    ("duplicate-name", Severity::Error, "a name that is declared twice"),
    ("duplicate-note", Severity::Warning, "two annotations with one id"),
    ("duplicate-person", Severity::Error, "a person whom two steps of a scenario introduce"),
    ("empty-choice", Severity::Error, "a choice with fewer than two values"),
    ("empty-range", Severity::Error, "bounds between which nothing lies"),
    ("empty-seed", Severity::Warning, "a seed without rows"),
    ("endless", Severity::Error, "a function, computed field or policy that leads back to itself"),
    ("example-fails", Severity::Error, "an example of a function that gives something else, or breaks a property"),
    ("file-too-large", Severity::Error, "a file of more than 1 GiB"),
    ("fixed-field", Severity::Error, "a fixed field that is set after creation"),
    ("front-matter", Severity::Error, "front matter that is not flat `key: value` lines"),
    ("heading-attribute", Severity::Error, "`{…}` at the end of a heading that is neither `{prose}` nor `{#id}`"),
    ("hidden-character", Severity::Warning, "a character that changes the order in which text is shown"),
    ("hidden-step", Severity::Warning, "a row of a lifecycle that is never taken, because another comes first"),
    ("hidden-value", Severity::Error, "a password or secret that would be read"),
    ("id-field", Severity::Error, "a row named `id` that cannot identify a row"),
    ("keyword-takes-no-name", Severity::Error, "a bare keyword that was given a name"),
    ("keyword-without-name", Severity::Warning, "a keyword that needs a name and has none, so that the heading is prose"),
    ("lifecycle-default", Severity::Error, "a lifecycle whose field has no default to begin with"),
    ("lifecycle-field", Severity::Error, "the field of a lifecycle in a list of what clients may write"),
    ("lifecycle-outside-entity", Severity::Error, "a lifecycle that does not stand directly below its entity"),
    ("lifecycle-type", Severity::Error, "a lifecycle over a field that is no choice"),
    ("low-contrast", Severity::Warning, "an accent colour that is too light to be seen on white"),
    ("misplaced-body", Severity::Error, "items below an effect that has no body"),
    ("misplaced-keyword", Severity::Warning, "a keyword outside its place, so that the heading is prose"),
    ("misplaced-otherwise", Severity::Error, "an `otherwise` with nothing before it"),
    ("missing-body", Severity::Error, "an effect with a body that has none"),
    ("missing-cell", Severity::Error, "a row of a table that lacks a cell it needs"),
    ("missing-column", Severity::Error, "a table that lacks a column it needs"),
    ("missing-input", Severity::Error, "an action run without an input that it needs"),
    ("missing-key", Severity::Error, "a section that lacks a key it needs"),
    ("missing-name", Severity::Error, "something without the name it needs"),
    ("missing-sentence", Severity::Error, "a rule or requirement without its sentence"),
    ("missing-table", Severity::Error, "a section or step that lacks its table"),
    ("missing-type", Severity::Error, "a field without a type"),
    ("missing-value", Severity::Error, "a key, field or step without its value"),
    ("missing-who", Severity::Error, "an action that does not say who may do it"),
    ("needs-condition", Severity::Error, "a value where a condition is wanted"),
    ("nesting-depth", Severity::Error, "lists nested too deeply"),
    ("no-author", Severity::Error, "`by` in a step, where no field defaults to `me`"),
    ("not-at-rest", Severity::Error, "the clock, the caller or `old` in a rule for every row"),
    ("not-compiled-yet", Severity::Error, "a part of the language that is not compiled yet"),
    ("not-here", Severity::Error, "a name that has no meaning at this place"),
    ("not-writable", Severity::Error, "a field in a list or table where its own rules forbid it"),
    ("number-too-large", Severity::Error, "a number that does not fit 64 bits"),
    ("otherwise-without-when", Severity::Error, "an `otherwise` that follows no `when`"),
    ("parent-field", Severity::Error, "a field that holds the parent and has another type"),
    ("part-of-itself", Severity::Error, "an entity that is part of itself"),
    ("prose-table", Severity::Warning, "a table with known columns that is prose"),
    ("requirement-without-code", Severity::Warning, "a requirement that nothing enforces"),
    ("reserved-name", Severity::Error, "a name that means something of its own"),
    ("role-clash", Severity::Error, "a role and a field of type User with one name"),
    ("role-cycle", Severity::Error, "a role that includes itself"),
    ("role-not-given", Severity::Error, "a role that is held by condition, given to somebody"),
    ("row-without-name", Severity::Error, "a row that a step cannot name, or does not name"),
    ("rule-does-not-fit", Severity::Error, "a rule of a field that does not fit its type"),
    ("same-sides", Severity::Error, "a comparison of something with itself"),
    ("scenario-without-then", Severity::Warning, "a scenario that checks nothing"),
    ("seed-without-entity", Severity::Error, "a table of example data that names no entity"),
    ("sign-up-closed", Severity::Error, "`sign up` in a program in which nobody can sign up"),
    ("stray-backtick", Severity::Error, "a backtick without a partner, so that code is read as text"),
    ("struck-out", Severity::Warning, "struck-out text in a heading, table or item; it does not count"),
    ("table-cells", Severity::Error, "a table row with more cells than columns"),
    ("table-row", Severity::Warning, "a line without `|` below a table, read as its last row"),
    ("tenant-of-visitors", Severity::Warning, "a search by visitors, who belong to nobody and find nothing"),
    ("tenant-reference", Severity::Error, "a row that is nobody's, referring to one that is somebody's"),
    ("tenant-unknown", Severity::Error, "a search that does not know whose rows are meant"),
    ("too-deep", Severity::Error, "an expression that nests too deeply"),
    ("too-long", Severity::Error, "an expression that is too long"),
    ("too-many", Severity::Error, "more of something than there can be"),
    ("too-many-places", Severity::Error, "a number with more places than its type"),
    ("type-mismatch", Severity::Error, "values of types that do not go together"),
    ("unique-condition", Severity::Error, "a `unique` rule that cannot be kept by the database"),
    ("unknown-choice-value", Severity::Error, "a word that is no value of its choice"),
    ("unknown-column", Severity::Error, "a column that is nearly a known one"),
    ("unknown-entity", Severity::Error, "a name that is no entity"),
    ("unknown-field", Severity::Error, "a name that is no field here"),
    ("unknown-field-rule", Severity::Error, "a phrase that is no rule of a field"),
    ("unknown-function", Severity::Error, "a name that is no function"),
    ("unknown-input", Severity::Error, "a name that is no input of the operation"),
    ("unknown-key", Severity::Error, "a key that the section does not know"),
    ("unknown-keyword", Severity::Error, "a heading that is nearly a keyword"),
    ("unknown-name", Severity::Error, "a bare word that means nothing here"),
    ("unknown-note", Severity::Warning, "a pointer to an annotation that does not exist"),
    ("unknown-operation", Severity::Error, "a name that is no step or action"),
    ("unknown-person", Severity::Error, "a person whom no step has introduced"),
    ("unknown-role", Severity::Error, "a name that is no role"),
    ("unknown-role-code", Severity::Error, "code behind a role that says nothing about it"),
    ("unknown-row", Severity::Error, "a reference to a row that no seed has"),
    ("unknown-scenario-row", Severity::Warning, "a row that no earlier step of the scenario has made"),
    ("unknown-state", Severity::Error, "a word that is no state of the lifecycle"),
    ("unknown-step", Severity::Error, "a step that fits no form of the vocabulary"),
    ("unknown-type", Severity::Error, "a word that is no type, choice or entity"),
    ("unknown-verb", Severity::Error, "a word that is no verb of an access table"),
    ("unknown-who", Severity::Error, "a name that is no role and no user"),
    ("unreachable-state", Severity::Warning, "a state that no step leads to"),
    ("unused-note", Severity::Warning, "an annotation with an id that nothing points to"),
    ("user-field-default", Severity::Error, "a required field of User without a default, so that nobody could sign up"),
    ("verbs-with-fields", Severity::Error, "several verbs in one cell with a field list"),
    ("who-of-step", Severity::Error, "`Who` or `When` in an action that adds to a step"),
    ("wrong-arguments", Severity::Error, "a function with too many, too few or other values than it takes"),
];

/// The severity of a name; `Error` for a name that is not in the table.
#[must_use]
pub fn severity(name: &str) -> Severity {
    NAMES
        .iter()
        .find(|entry| entry.0 == name)
        .map_or(Severity::Error, |entry| entry.1)
}

/// The entry of a diagnostic name.
#[must_use]
pub fn find(name: &str) -> Option<&'static (&'static str, Severity, &'static str)> {
    NAMES.iter().find(|entry| entry.0 == name)
}

/// A name as it is compared: letter case, blanks, `-` and `_` make no difference. NFC, lower case.
#[must_use]
pub fn fold_name(name: &str) -> String {
    if name.is_ascii() {
        return name.bytes().filter_map(fold_byte).map(char::from).collect();
    }
    let lower = |name: &str| {
        name.chars()
            .flat_map(char::to_lowercase)
            .filter(counts)
            .nfc()
            .collect::<String>()
    };
    match is_nfc_quick(name.chars()) {
        IsNormalized::Yes => lower(name),
        _ => lower(&name.nfc().collect::<String>()),
    }
}

fn fold_byte(byte: u8) -> Option<u8> {
    (!byte.is_ascii_whitespace() && !matches!(byte, b'-' | b'_' | 0x0b))
        .then(|| byte.to_ascii_lowercase())
}

fn counts(letter: &char) -> bool {
    !letter.is_whitespace() && !matches!(letter, '-' | '_')
}

/// The two are one name; see [`fold_name`].
#[must_use]
pub fn same_name(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .filter_map(fold_byte)
            .eq(b.bytes().filter_map(fold_byte));
    }
    fold_name(a) == fold_name(b)
}

/// The candidate that was probably meant: the nearest one, the first of equally near ones.
/// Near is one edit for words of three or four letters, two for longer ones; a swap of neighbours is one edit.
/// Shorter words must be the same but for case, blanks, `-` and `_`.
#[must_use]
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold_name(word);
    let letters = word.chars().count();
    if word.is_empty() || letters > 200 {
        return None;
    }
    let allowed = match letters {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let folded = fold_name(candidate);
        if folded.is_empty() || folded.chars().count().abs_diff(letters) > allowed {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&word, &folded);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}
