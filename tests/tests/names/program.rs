//! A program made of names and sentences that would break code that trusts them.

use std::fmt::Write as _;

/// Sentences that end comments, strings, statements and pages early.
const SENTENCES: [&str; 4] = [
    r##"Nothing */ ends "# early // {x} \ -- '; DROP TABLE user; --."##,
    r##"It's <script>alert(1)</script> & <b>"bold"</b> {{ x }} {% x %} ${x} %s %n \u{7f} \0 "" '' r#"x"#."##,
    "من فضلك \u{202b}text\u{202c} zero\u{200b}width \u{2066}x\u{2069} 👩\u{200d}👩\u{200d}👧 é e\u{301}.",
    concat!(
        "A long one: ",
        "la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la",
        " la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la",
        " la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la",
        " la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la la."
    ),
];

/// Words of Rust and of its library, of SQL, of pages and addresses, of what is generated, and of many scripts;
/// some come out alike (`票据` and `飘剧`, `Straße` and `Strasse`).
const ENTITIES: &[&str] = &[
    "Self",
    "Crate",
    "Option",
    "String",
    "Vec",
    "Result",
    "Main",
    "Order",
    "Group",
    "Index",
    "Table",
    "sqlite_master",
    "rowid",
    "id",
    "Account",
    "Session",
    "Session user",
    "Token",
    "Audit",
    "Audit row",
    "Mail",
    "Meta",
    "Migration",
    "Search",
    "Seed",
    "Invitation",
    "User role",
    "Throttle",
    "Api",
    "Login",
    "Sign-up",
    "Do",
    "Link",
    "Password reset",
    "New",
    "Edit",
    "Static",
    "Role",
    "Roles",
    "Choices",
    "Functions",
    "Hook",
    "App",
    "Core",
    "Std",
    "Kernel",
    "Engine",
    "Web",
    "Value",
    "Row",
    "Rule",
    "Field",
    "Entity",
    "Fn",
    "async",
    "dyn",
    "Box",
    "Some",
    "None",
    "Ok",
    "u8",
    "bool",
    "str",
    "票据",
    "飘剧",
    "تذكرة",
    "टिकट",
    "ბილეთი",
    "Заявка",
    "Straße",
    "Strasse",
    "Ⅷ x",
    "ª",
    "News",
    "Sheep",
    "Option row",
    "Option row 2",
    "Order by",
    "Everything by where to",
    "Serde json",
    "Aux",
    "Con",
    "Aaaaaaaaa Aaaaaaaaa Aaaaaaaaa Aaaaaaaaa Aaaaaaaaa Aaaaaaaaaa",
    "Aaaaaaaaa Aaaaaaaaa Aaaaaaaaa Aaaaaaaaa Aaaaaaaaa Aaaaaaaaab",
];

const FIELDS: &[&str] = &[
    "Self",
    "crate",
    "type",
    "Option",
    "String",
    "Vec",
    "Result",
    "main",
    "select",
    "order",
    "group",
    "index",
    "table",
    "sqlite_master",
    "rowid",
    "oid",
    "where to",
    "from",
    "from date",
    "to date",
    "is open",
    "into",
    "fn",
    "struct",
    "await",
    "dyn",
    "gen",
    "of",
    "new",
    "class",
    "value",
    "row",
    "op",
    "caller",
    "count",
    "sum",
    "first",
    "len",
    "clone",
    "q",
    "page",
    "sort",
    "per_page",
    "after",
    "done",
    "show",
    "csrf",
    "token",
    "next",
    "return",
    "票据",
    "飘剧",
    "تذكرة",
    "Straße",
    "Strasse",
    "eMail",
    "ID number",
    "d'arcy",
    "password",
    "limit",
    "offset",
    "join",
    "on",
    "by",
    "action",
    "method",
    "submit",
    "items",
    "errors",
    "status",
    "constructor",
    "super",
    "unsafe",
    "u64",
    "str",
    "bool",
    "None",
    "Some",
    "Ok",
    "me too",
    "t",
    "p0",
    "json",
    "column",
    "primary",
    "default",
    "check",
    "key",
    "null",
    "unique",
    "references",
    "\u{456}d",
    "Fffffffff Fffffffff Fffffffff Fffffffff Fffffffff Ffffffffff",
];

const ROLES: &[&str] = &[
    "String",
    "Option",
    "Vec",
    "select",
    "crate",
    "type",
    "main",
    "sqlite_master",
    "rowid",
    "id",
    "票据员",
    "票剧员",
    "مدير",
    "ბა",
    "Straße",
    "Strasse",
    "admin",
    "Rôle",
    "Role",
    "D'Arcy",
];

const ACTIONS: &[&str] = &[
    "main",
    "fn",
    "crate",
    "select",
    "票据",
    "飘剧",
    "Straße",
    "Strasse",
    "self",
    "super",
    "type",
    "async",
    "op",
    "caller",
    "session",
    "tokens",
    "sign-up",
    "me",
    "api",
    "orders",
    "may x",
    "x requires",
    "x",
];

const FUNCTIONS: &[&str] = &[
    "main", "fn", "crate", "select", "group", "op", "caller", "num", "logic", "grants", "票据",
    "飘剧", "println", "format", "vec", "drop", "type",
];

const VALUES: &[&str] = &[
    "Self", "self 2", "crate", "None", "Some", "Ok", "select", "票据", "飘剧", "Straße", "Strasse",
    "is", "or", "true", "default", "D'arcy",
];

/// The whole program.
pub fn text() -> String {
    let mut out = String::new();
    let _ = head(&mut out);
    let _ = everything(&mut out);
    for (at, name) in ENTITIES.iter().enumerate() {
        let _ = entity(&mut out, at, name);
    }
    let _ = rest(&mut out);
    out
}

fn sentence(at: usize) -> &'static str {
    SENTENCES[at % SENTENCES.len()]
}

fn head(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "---\napp: It's <b>\"x\"</b> & {{y}} \\ '; DROP TABLE user; -- */ \"# %i 👩\u{200d}👩\u{200d}👧\n---\n"
    )?;
    writeln!(out, "# It's */ \"# {{}} --\n")?;
    for text in SENTENCES {
        writeln!(out, "{text}\n")?;
    }
    writeln!(out, "## Roles\n\n- **Grünwald**: signs up. `sign-up`")?;
    for (at, role) in ROLES.iter().enumerate() {
        writeln!(out, "- **{role}**: {}", sentence(at))?;
    }
    writeln!(
        out,
        "\n## Entity: Select\n\n| Field | Type | Rules |\n|---|---|---|\n| name | text | required |\n"
    )?;
    writeln!(
        out,
        "### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read, create, delete | |\n"
    )
}

/// One entity with every field name, of all types.
fn everything(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "## Entity: Everything\n\n{}\n\n- Shown as: name\n",
        sentence(0)
    )?;
    writeln!(
        out,
        "| Field | Type | Rules | Note |\n|---|---|---|---|\n| name | text | required, searchable | |"
    )?;
    writeln!(out, "| user | User | default me, on delete empty | |")?;
    for (at, field) in FIELDS.iter().enumerate() {
        let (ty, rules) = match at % 11 {
            1 => ("text", "searchable"),
            2 => ("integer", "default 1, indexed"),
            3 => ("money", ""),
            4 => ("date", ""),
            5 => ("select, from, Self", ""),
            6 => ("many Select", ""),
            7 => ("Order", ""),
            8 => ("list of text", ""),
            9 => ("yes/no", ""),
            10 => ("json", ""),
            _ => ("text", "unique"),
        };
        writeln!(out, "| {field} | {ty} | {rules} | {} |", sentence(at % 3))?;
    }
    writeln!(
        out,
        "\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read, delete | |"
    )?;
    writeln!(
        out,
        "| signed-in | create name, select, order, page, sort | |"
    )?;
    writeln!(
        out,
        "| signed-in | update name, select, order, Self, crate, type | `name is not \"'; DROP TABLE user; -- */ #\"` |"
    )?;
    writeln!(
        out,
        "| anyone | read name | `user is me or me is 票据员` |\n\n### Rules\n"
    )?;
    for (at, text) in SENTENCES.iter().enumerate() {
        writeln!(
            out,
            "- {text} `name is not \"'); DROP {at} */ \\\"# {{name}} \\\\\"`"
        )?;
    }
    writeln!(out, "- No two are alike. `unique (where_to, type)`\n")
}

fn entity(out: &mut String, at: usize, name: &str) -> std::fmt::Result {
    writeln!(
        out,
        "## Entity: {name}\n\n{}\n\n- Shown as: name\n",
        sentence(at)
    )?;
    writeln!(
        out,
        "| Field | Type | Rules |\n|---|---|---|\n| name | text | required |\n| select | Select | |"
    )?;
    let busy = at.is_multiple_of(8);
    if busy {
        writeln!(out, "| state | new, in fn, self | default new |")?;
        writeln!(
            out,
            "| type | integer | computed `count(Everything where order is empty)` |"
        )?;
    }
    writeln!(
        out,
        "\n### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read, delete | |"
    )?;
    writeln!(
        out,
        "| signed-in | create name, select | |\n| signed-in | update name | |\n"
    )?;
    if !busy {
        return Ok(());
    }
    writeln!(
        out,
        "### Lifecycle: state\n\n| From | Action | To | Who | When |\n|---|---|---|---|---|"
    )?;
    for step in [
        "crate",
        "self",
        "票据",
        "飘剧",
        "edit",
        "may x",
        "x requires",
    ] {
        writeln!(out, "| new, in fn, self | {step} | in fn | signed-in | |")?;
    }
    writeln!(
        out,
        "| new | select | self | signed-in | |\n\n### Action: fn\n\n{}\n",
        sentence(at)
    )?;
    writeln!(out, "- Who: signed-in")?;
    writeln!(
        out,
        "- Input: `type: text, self: Select, op: integer, caller?: text, input_x: yes/no`"
    )?;
    writeln!(
        out,
        "- Requires:\n  - {} `input.type is not \"*/\"`",
        sentence(at + 1)
    )?;
    writeln!(
        out,
        "- Does:\n  - So be it. `set name to \"it's {{input.type}} \\\\ -- {{name}}\"`\n"
    )
}

fn rest(out: &mut String) -> std::fmt::Result {
    for name in ACTIONS {
        writeln!(
            out,
            "## Action: {name}\n\n{}\n\n- Who: signed-in",
            sentence(1)
        )?;
        writeln!(
            out,
            "- Input: `type: text, self: integer, 票据: text, 飘剧: text, select: Select, x?: Everything.order, \
             version: integer, id: integer, csrf: text`"
        )?;
        writeln!(
            out,
            "- Does:\n  - {} `create Select with name = input.票据 as self_x`",
            sentence(0)
        )?;
        writeln!(
            out,
            "  - Mail. `email me \"it's {{input.飘剧}} -- */ {{self_x.name}}\"`\n"
        )?;
    }
    writeln!(
        out,
        "## Choice: Crate thing\n\n| Value | Label |\n|---|---|"
    )?;
    for value in VALUES {
        writeln!(out, "| {value} | */ \"# {{x}} \\ -- ' |")?;
    }
    for name in FUNCTIONS {
        writeln!(out, "\n## Function: {name}\n\n{}\n", sentence(2))?;
        writeln!(
            out,
            "- Input: `fn: integer, self: integer, num: text, logic: integer, 票据: integer, 飘剧: integer, op: integer, \
             type: Everything.order`"
        )?;
        writeln!(
            out,
            "- Output: `integer`\n- Is: `fn + self + logic + 票据 + 飘剧 + op + length(num)`"
        )?;
    }
    writeln!(
        out,
        "\n## Entity: Page\n\n| Field | Type | Rules |\n|---|---|---|\n| name | text | required |\n"
    )?;
    writeln!(
        out,
        "### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read, create | |\n"
    )?;
    writeln!(
        out,
        "## Entity: Comment\n\n- Part of: Page\n\n| Field | Type | Rules |\n|---|---|---|"
    )?;
    writeln!(
        out,
        "| name | text | required |\n| sort | new, in fn | |\n| q | yes/no | |\n"
    )?;
    writeln!(
        out,
        "### Access\n\n| Who | Can | When |\n|---|---|---|\n| signed-in | read, create | |\n"
    )?;
    writeln!(
        out,
        "### Action: comments\n\n- Who: signed-in\n- Does: `set name to \"done\"`\n"
    )?;
    writeln!(
        out,
        "## Seed: demo\n\n### Users\n\n| name | email | roles |\n|---|---|---|"
    )?;
    writeln!(
        out,
        "| O'Brien \"x\" \\ ; -- | ana@example.com | String, select |"
    )?;
    writeln!(
        out,
        "| Bob | bob@example.com | Grünwald |\n\n### Selects\n\n| name |\n|---|"
    )?;
    for name in NAMES {
        writeln!(out, "| {name} |")?;
    }
    writeln!(
        out,
        "\n### Everythings\n\n| name | select |\n|---|---|\n| {} | {} |\n",
        NAMES[0], NAMES[1]
    )?;
    writeln!(
        out,
        "### Pages\n\n| name |\n|---|\n| one |\n| two |\n\n### Comments\n\n| name | page | sort |\n|---|---|---|"
    )?;
    writeln!(out, "| first | one | new |\n| second | two | in fn |\n")?;
    writeln!(
        out,
        "## Scenario: {}\n\n- Given a Grünwald Ana\n- When Ana lists Selects\n- Then it succeeds",
        sentence(0)
    )
}

/// Rows that must come back as they are.
pub const NAMES: [&str; 3] = [
    "'; DROP TABLE user; --",
    r##"*/ "# {x} \ <script>alert(1)</script>"##,
    "من\u{200f} فضلك 👩\u{200d}👩\u{200d}👧",
];
