//! A generated program of a given size: as a team of many would write it, not one entity a thousand times.

use std::fmt::Write as _;
use std::path::Path;

/// Writes a program of this many entities, each with 12 fields, 5 access rows and 3 rules, ten to a file.
///
/// # Errors
/// Where a file can't be written.
pub fn write(folder: &Path, entities: usize) -> std::io::Result<()> {
    let spec = folder.join("spec");
    std::fs::create_dir_all(&spec)?;
    let head = "---\napp: Large\ncurrency: EUR\n---\n# Large\n\nA program made to be measured.\n\n## Roles\n\n- **Clerk**: anyone who signs up. `sign-up`\n- **Lead**: looks after clerks.\n- **Chief**: may do most. `includes Lead`\n";
    std::fs::write(spec.join("app.md"), head)?;
    for (file, start) in (0..entities).step_by(10).enumerate() {
        let mut text = format!("# Part {file}\n\n");
        for number in start..(start + 10).min(entities) {
            entity(&mut text, number);
        }
        std::fs::write(spec.join(format!("part{file:04}.md")), text)?;
    }
    Ok(())
}

fn entity(text: &mut String, number: usize) {
    let other = if number == 0 {
        "User".to_owned()
    } else {
        format!("Record {}", number / 2)
    };
    let _ = write!(
        text,
        "## Entity: Record {number}

What is kept of case {number}, and who looks after it.

- Shown as: title

| Field    | Type                 | Rules                                   |
|----------|----------------------|-----------------------------------------|
| title    | text                 | required, 3..120 characters, searchable |
| body     | markdown             | searchable                              |
| priority | low, normal, high    | default normal                          |
| state    | open, waiting, done  | default open                            |
| owner    | User                 | required, default me, fixed             |
| helper   | User                 |                                         |
| due      | date                 |                                         |
| amount   | money                | at least 0, default 0                   |
| share    | percent              |                                         |
| count    | integer              | 0..{most}                               |
| related  | {other}              | on delete empty                         |
| urgent   | yes/no               | default no                              |

### Access

| Who   | Can                                              | When                     |
|-------|--------------------------------------------------|--------------------------|
| Clerk | create title, body, priority, due, amount, count |                          |
| owner | read                                             |                          |
| owner | update title, body, due                          | `state is open`          |
| Lead  | read                                             |                          |
| Lead  | update helper, priority, amount                  | `not (state is done)`    |

### Rules

- An urgent case has a due date. `urgent implies due is set`
- What is large is not of low priority. `amount > {most} implies priority is not low`
- Nobody helps themselves. `helper is empty or helper is not owner`

",
        most = 10 + number % 90,
    );
}
