//! Title and front matter, roles, accounts, theme and glossary.

use super::formal::{self, Columns, Keys, fold, grid};
use super::literal;
use super::outline::Declared;
use crate::ir::{Accounts, Ir, Name, Program, Term};
use specc_syntax::diagnostic::Diagnostic;
use specc_syntax::names::{same_name, suggest};
use specc_syntax::span::Sources;
use specc_syntax::tree::{Block, Section, Text, Tree};

const ACCOUNT_KEYS: Keys = Keys {
    section: "Accounts",
    known: &["Sign-in", "Password", "Confirm e-mail", "Session"],
    not_yet: &["Sign in with", "Two factors", "Passkeys", "Single sign-on"],
};

const ROLE_KEYS: &[&str] = &[
    "app",
    "language",
    "time zone",
    "currency",
    "name",
    "description",
];

const TERM_COLUMNS: Columns = Columns {
    table: "a table of words",
    known: &["Word", "Meaning"],
    needed: 2,
};

/// Currencies whose smallest unit is not a hundredth.
const CURRENCY_DIGITS: &[(&str, u8)] = &[
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("ISK", 0),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("PYG", 0),
    ("RWF", 0),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
    ("BHD", 3),
    ("IQD", 3),
    ("JOD", 3),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("TND", 3),
    ("CLF", 4),
    ("UYW", 4),
];

/// Title, description and front matter.
pub(super) fn program(trees: &[Tree], sources: &Sources, out: &mut Vec<Diagnostic>) -> Program {
    let mut program = Program {
        language: "en".to_owned(),
        time_zone: "UTC".to_owned(),
        currency: "USD".to_owned(),
        currency_digits: 2,
        ..Program::default()
    };
    let mut given = Declared::default();
    let known = ["app", "language", "time zone", "currency"];
    let main = trees
        .iter()
        .find(|tree| tree.front("app").is_some())
        .or_else(|| trees.first());
    if let Some(title) = main.and_then(|tree| {
        tree.sections
            .iter()
            .find(|section| section.level == 1 && section.heading.keyword.is_none())
    }) {
        program.name = title.heading.text.text.clone();
        program.description = super::outline::about(title, sources, false);
    }
    for entry in trees.iter().flat_map(|tree| &tree.front_matter) {
        let value = &entry.value;
        let Some(key) = known.iter().find(|key| same_name(key, &entry.key.text)) else {
            if let Some(near) = suggest(&entry.key.text, ROLE_KEYS.iter().copied())
                .filter(|near| !same_name(near, &entry.key.text))
            {
                out.push(
                    Diagnostic::new(
                        "unknown-key",
                        entry.key.span,
                        format!("`{}:` is no key of the front matter", entry.key.text),
                    )
                    .help(format!("did you mean `{near}:`?"))
                    .edit(entry.key.span, near),
                );
            }
            continue;
        };
        if !given.add(
            "front matter key",
            &Text {
                text: (*key).to_owned(),
                span: entry.key.span,
            },
            out,
        ) {
            continue;
        }
        match *key {
            "app" => program.name = value.text.clone(),
            "language" => {
                let fine = !value.text.is_empty()
                    && value.text.split('-').all(|part| {
                        (1..=8).contains(&part.len())
                            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    });
                if fine {
                    program.language = value.text.clone();
                } else {
                    out.push(bad(
                        value,
                        "is no language tag",
                        "write for example `en` or `de-AT`",
                    ));
                }
            }
            "time zone" => match jiff::tz::TimeZone::get(&value.text) {
                Ok(_) => program.time_zone = value.text.clone(),
                Err(_) => out.push(bad(
                    value,
                    "is no time zone",
                    "write its IANA name, such as `Europe/Berlin` or `UTC`",
                )),
            },
            _ => {
                let code = value.text.to_ascii_uppercase();
                if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    program.currency_digits = CURRENCY_DIGITS
                        .iter()
                        .find(|(known, _)| *known == code)
                        .map_or(2, |(_, digits)| *digits);
                    program.currency = code;
                } else {
                    out.push(bad(
                        value,
                        "is no currency",
                        "write its ISO 4217 code, such as `EUR`",
                    ));
                }
            }
        }
    }
    if program.name.is_empty() {
        program.name = "App".to_owned();
    }
    program
}

pub(super) fn bad(value: &Text, what: &str, help: &str) -> Diagnostic {
    Diagnostic::new("bad-value", value.span, format!("`{}` {what}", value.text)).help(help)
}

/// How people sign in.
pub(super) fn accounts(sections: &[&Section], ir: &mut Ir, out: &mut Vec<Diagnostic>) {
    let mut accounts = Accounts {
        sign_up: ir.roles.is_empty() || ir.roles.iter().any(|role| role.sign_up),
        ..Accounts::default()
    };
    if let [_, second, ..] = sections {
        out.push(
            Diagnostic::new(
                "duplicate-name",
                second.heading.span,
                "`Accounts` stands twice in this program",
            )
            .help("put both into one section"),
        );
    }
    for section in sections.iter().take(1) {
        accounts.span = section.heading.span;
        for entry in formal::keys(section, &ACCOUNT_KEYS, out) {
            let value = formal::bare(&entry.value);
            match entry.key {
                "Sign-in" if same_name(&value.text, "email and password") => {}
                "Sign-in" => out.push(formal::not_compiled_yet(
                    value.span,
                    &format!("signing in with `{}`", value.text),
                )),
                "Password" => match value
                    .text
                    .split_whitespace()
                    .find_map(|word| word.parse::<u32>().ok())
                {
                    Some(count @ 8..=128) => accounts.password_min = count,
                    Some(_) => out.push(bad(
                        &value,
                        "is no length for passwords",
                        "take at least 8 and at most 128 characters",
                    )),
                    None => out.push(bad(
                        &value,
                        "says no number",
                        "write `at least 10 characters`",
                    )),
                },
                "Session" => match literal::duration(&value.text).map(|millis| millis / 86_400_000)
                {
                    Some(days @ 1..=400) => {
                        accounts.session_days = u32::try_from(days).unwrap_or(14)
                    }
                    _ => out.push(bad(
                        &value,
                        "is no length of a session",
                        "write `30 days`, from 1 day to 400 days",
                    )),
                },
                _ => match fold(&value.text).as_str() {
                    "yes" | "required" => accounts.confirm_email = true,
                    "no" => accounts.confirm_email = false,
                    _ => out.push(bad(
                        &value,
                        "is neither `yes` nor `no`",
                        "write `yes` or `no`",
                    )),
                },
            }
        }
    }
    ir.accounts = accounts;
}

/// Words and what they mean.
pub(super) fn glossary(sections: &[&Section], out: &mut Vec<Diagnostic>) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut declared = Declared::default();
    let mut add = |word: Text, meaning: String, out: &mut Vec<Diagnostic>| {
        if declared.add("word", &word, out) {
            terms.push(Term {
                word: Name {
                    text: word.text,
                    span: word.span,
                },
                meaning,
            });
        }
    };
    for section in sections {
        for block in &section.blocks {
            match block {
                Block::Table(table) => {
                    let Some(grid) = grid(table, &TERM_COLUMNS, out) else {
                        continue;
                    };
                    for row in grid.rows() {
                        if let (Some(word), Some(meaning)) = (grid.cell(row, 0), grid.cell(row, 1))
                        {
                            add(word.to_text(), meaning.plain(), out);
                        }
                    }
                }
                block => {
                    for item in block.items() {
                        match formal::word_and_rest(&item.line) {
                            Some((word, meaning)) if !meaning.is_empty() => {
                                add(word, meaning.plain(), out)
                            }
                            _ => out.push(
                                Diagnostic::new(
                                    "missing-value",
                                    item.line.span,
                                    "this entry lacks its word or its meaning",
                                )
                                .help("write `**Word**: what it means here`"),
                            ),
                        }
                    }
                }
            }
        }
    }
    terms
}
