//! Bytes to programs: the examples and the programs of the language's pages, with lines, cells and code changed as the
//! bytes say. So most of what comes out is nearly right, which is where mistakes hide.

use specc_syntax::span::{SourceFile, Sources};
use std::path::Path;
use std::sync::LazyLock;

/// The longest text that a case grows to.
const LONGEST: usize = 60_000;

/// A program of several files, each a path and a text.
type Program = Vec<(String, String)>;

/// Decisions drawn from bytes.
pub(crate) struct Dice<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Dice<'b> {
    /// Over these bytes.
    #[must_use]
    pub(crate) fn new(bytes: &'b [u8]) -> Dice<'b> {
        Dice { bytes, at: 0 }
    }

    /// A number below `sides`; 0 once the bytes are used up.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        let mut number = self.next();
        if sides > 256 {
            number = number * 256 + self.next();
        }
        number % sides.max(1)
    }

    fn next(&mut self) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte)
    }

    fn ended(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn pick<'t, T: ?Sized>(&mut self, of: &'t [impl AsRef<T>]) -> Option<&'t T> {
        let at = self.roll(of.len());
        of.get(at).map(AsRef::as_ref)
    }
}

/// Bytes that look random, the same for the same seed (xorshift).
pub fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[4]
    };
    (0..length).map(|_| next()).collect()
}

/// Programs to begin with.
static PROGRAMS: LazyLock<Vec<Program>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut programs = Vec::new();
    for example in ["bookings", "helpdesk", "journal", "purchasing"] {
        programs.push(files(&root.join("examples").join(example).join("spec")));
    }
    for folder in ["specs/language", "specs/diagnostics"] {
        for (_, page) in files(&root.join(folder)) {
            programs.extend(blocks(&page).map(|block| vec![("app.md".to_owned(), block)]));
        }
    }
    assert!(programs.len() > 50, "the programs of the pages are missing");
    programs
});

/// The code between backticks of all those programs.
static CODE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let texts = PROGRAMS.iter().flatten().map(|(_, text)| text.as_str());
    let mut code: Vec<String> = texts
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .filter(|code| !code.contains('\n') && !code.is_empty())
        .map(str::to_owned)
        .collect();
    code.sort();
    code.dedup();
    code
});

/// Pieces that mean something, or come near to it.
const WORDS: &[&str] = &[
    "this",
    "old",
    "me",
    "now",
    "today",
    "input",
    "output",
    "empty",
    "is",
    "is not",
    "is set",
    "is empty",
    "is one of",
    "contains",
    "starts with",
    "matches",
    "/[a-z]+/",
    "/((a+)+)+$/",
    "and",
    "or",
    "not",
    "implies",
    "if",
    "then",
    "else",
    "where",
    "as",
    "sorted by",
    "desc",
    "count(",
    "sum(",
    "min(",
    "max(",
    "avg(",
    "exists(",
    "every(",
    "holds",
    "first(",
    "list of",
    "list of distinct",
    "can read",
    "unique (",
    "on create:",
    "on update:",
    "on delete:",
    "lower(",
    "length(",
    "round(",
    "date(",
    "time(",
    "weekday(",
    "month(",
    "abs(",
    "set",
    "to",
    "create",
    "with",
    "delete",
    "do",
    "on",
    "email",
    "for each",
    "when",
    "otherwise",
    "refuse",
    "as system",
    "(",
    ")",
    "((((((((",
    "))",
    ",",
    ".",
    "..",
    ":",
    "+",
    "-",
    "*",
    "/",
    "<",
    "<=",
    ">",
    ">=",
    "=",
    "\"",
    "\"{",
    "{",
    "}",
    "\"x\"",
    "\"{name}\"",
    "'",
    "\\",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "0.1",
    "1e9",
    "12.5 %",
    "14 days",
    "1 week",
    "100000000000 days",
    "2026-03-01",
    "2026-03-01 10:00",
    "0001-01-01",
    "9999-12-31",
    "25:99",
    "yes",
    "no",
    "true",
    "name",
    "price",
    "amount",
    "tags",
    "owner",
    "status",
    "Item",
    "Tag",
    "User",
    "x",
    "票据",
    "\u{202e}",
    "\u{200b}",
    "e\u{301}",
    "👩\u{200d}👧",
    "\u{0}",
    "\t",
    "\r",
    "|",
    "||",
    "\\|",
    "`",
    "``",
    "~~~",
    "```",
    "{prose}",
    "{#id}",
    "[a]{b}",
    "***",
    "<!--",
    "<div>",
    "&amp;",
    "[x]: y",
    "[^1]",
    "> [!NOTE]",
    "---",
    "- [ ]",
    "1.",
    "required",
    "unique",
    "default",
    "computed",
    "read-only",
    "fixed",
    "private",
    "searchable",
    "1..0",
    "at least 5",
];

/// Lines that change what stands around them.
const LINES: &[&str] = &[
    "",
    "---",
    "# Title",
    "## Entity: X",
    "## Entity: User",
    "### Access",
    "### Rules",
    "### Lifecycle: status",
    "## Roles",
    "## Accounts",
    "## Choice: C",
    "## Action: A",
    "## Function: F",
    "## Seed: demo",
    "## Scenario: S",
    "## Theme",
    "## Glossary",
    "### On create",
    "- Does:",
    "- Is: `1`",
    "- Input: `a: integer`",
    "- Output: `integer`",
    "| Field | Type | Rules |",
    "|---|---|---|",
    "| Who | Can | When |",
    "| x | text | |",
    "~~~",
    "```",
    "> quote",
    "- Part of: X",
    "- Shown as: x",
    "- Given a user Ana",
    "- When Ana lists Xs",
    "- Then it succeeds",
    "***",
    "<table>",
    "\u{feff}",
    "- - - - - - - -",
    "    indented",
    "Term\n===",
    "{#note}",
    "~~~#note",
    "- a: `b` c",
];

/// The program that the bytes describe.
pub fn program(bytes: &[u8]) -> Sources {
    let mut dice = Dice::new(bytes);
    // One case of eight is nothing but the bytes, as files between form feeds.
    let program = if dice.roll(8) == 7 {
        let text = String::from_utf8_lossy(bytes.get(1..).unwrap_or_default()).into_owned();
        let files = text.split('\u{c}').take(8).enumerate();
        files
            .map(|(at, text)| (format!("{at}.md"), text.to_owned()))
            .collect()
    } else {
        let at = dice.roll(PROGRAMS.len());
        let mut program = PROGRAMS.get(at).cloned().unwrap_or_default();
        while !dice.ended() {
            let file = dice.roll(program.len());
            if let Some((_, text)) = program.get_mut(file)
                && text.len() < LONGEST
            {
                *text = changed(text, &mut dice);
            }
        }
        program
    };
    let files = program.into_iter().map(|(path, text)| SourceFile {
        path: format!("spec/{path}"),
        text,
    });
    Sources {
        files: files.collect(),
    }
}

/// Code that the bytes describe: words in a row, or code of the programs with a change or two.
pub fn code(bytes: &[u8]) -> String {
    let mut dice = Dice::new(bytes);
    let mut text = match dice.roll(4) {
        0 => String::from_utf8_lossy(bytes.get(1..).unwrap_or_default()).into_owned(),
        1 => String::new(),
        _ => dice.pick::<str>(&CODE).unwrap_or_default().to_owned(),
    };
    while !dice.ended() && text.len() < 12_000 {
        let word = dice.pick::<str>(WORDS).unwrap_or_default();
        let at = place(&text, &mut dice);
        match dice.roll(5) {
            0 => text.insert_str(at, word),
            1 => text.insert_str(at, &format!(" {word} ")),
            2 => {
                let more = dice.pick::<str>(&CODE).unwrap_or_default();
                text.insert_str(at, &format!("({more})"));
            }
            3 => {
                let end = place(&text, &mut dice);
                text.replace_range(at.min(end)..at.max(end), word);
            }
            _ => {
                let times = 1 + dice.roll(90);
                text.insert_str(at, &word.repeat(times));
            }
        }
    }
    text
}

/// One change of a text.
fn changed(text: &str, dice: &mut Dice<'_>) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = dice.roll(lines.len());
    let other = dice.roll(lines.len());
    let line = lines.get(at).cloned().unwrap_or_default();
    match dice.roll(12) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(other, line),
        2 => lines.swap(at, other),
        3 => {
            let more = dice.pick::<str>(LINES).unwrap_or_default();
            lines.insert(at, more.to_owned());
        }
        4 => cells(&mut lines, at, other),
        5 => {
            let code = dice.pick::<str>(&CODE).unwrap_or_default();
            set(&mut lines, at, with_code(&line, code));
        }
        6 => {
            let own = lines.get(other).and_then(|other| other.split('`').nth(1));
            let code = own.unwrap_or_default().to_owned();
            set(&mut lines, at, with_code(&line, &code));
        }
        7 => {
            let mut line = line;
            let at_byte = place(&line, dice);
            line.insert_str(at_byte, dice.pick::<str>(WORDS).unwrap_or_default());
            set(&mut lines, at, line);
        }
        8 => {
            let mut line = line;
            let (start, end) = (place(&line, dice), place(&line, dice));
            line.replace_range(start.min(end)..start.max(end), "");
            set(&mut lines, at, line);
        }
        9 => {
            let times = 1 + dice.roll(40);
            let depth = " ".repeat(times);
            set(&mut lines, at, format!("{depth}{line}"));
        }
        10 => {
            let others = dice.roll(PROGRAMS.len());
            let other = PROGRAMS.get(others).and_then(|program| program.first());
            let block: Vec<&str> = other.map_or("", |(_, text)| text).lines().collect();
            let from = dice.roll(block.len());
            let most = 1 + dice.roll(20);
            let more = block.into_iter().skip(from).take(most);
            let tail = lines.split_off(at);
            lines.extend(more.map(str::to_owned));
            lines.extend(tail);
        }
        _ => words(&mut lines, at, other, dice),
    }
    lines.join("\n")
}

/// A cell of one line takes the place of one of another.
fn cells(lines: &mut [String], at: usize, other: usize) {
    let cell = lines
        .get(other)
        .and_then(|line| line.split('|').nth(1 + at % 3).map(str::to_owned));
    if let (Some(cell), Some(line)) = (cell, lines.get_mut(at)) {
        let mut parts: Vec<String> = line.split('|').map(str::to_owned).collect();
        let place = 1 + other % 3;
        if let Some(part) = parts.get_mut(place) {
            *part = cell;
        }
        *line = parts.join("|");
    }
}

/// A word of one line takes the place of one of another.
fn words(lines: &mut [String], at: usize, other: usize, dice: &mut Dice<'_>) {
    let word = lines.get(other).and_then(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words
            .get(dice.roll(words.len()))
            .map(|word| (*word).to_owned())
    });
    if let (Some(word), Some(line)) = (word, lines.get_mut(at)) {
        let own: Vec<&str> = line.split_whitespace().collect();
        if let Some(from) = own.get(dice.roll(own.len())) {
            *line = line.replacen(*from, &word, 1);
        }
    }
}

fn with_code(line: &str, code: &str) -> String {
    let parts: Vec<&str> = line.splitn(3, '`').collect();
    match parts.as_slice() {
        [before, _, after] => format!("{before}`{code}`{after}"),
        _ => format!("{line} `{code}`"),
    }
}

fn set(lines: &mut [String], at: usize, line: String) {
    if let Some(slot) = lines.get_mut(at) {
        *slot = line;
    }
}

/// A place between two characters.
fn place(text: &str, dice: &mut Dice<'_>) -> usize {
    let mut at = dice.roll(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn files(folder: &Path) -> Program {
    let mut found: Program = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            Some((name, std::fs::read_to_string(entry.path()).ok()?))
        })
        .filter(|(name, _)| name.ends_with(".md"))
        .collect();
    found.sort();
    found
}

/// The `spec` blocks of a page.
fn blocks(page: &str) -> impl Iterator<Item = String> {
    page.split("\n```spec\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned() + "\n"))
}
