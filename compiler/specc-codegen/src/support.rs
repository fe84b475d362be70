//! The part of an app that never varies: the support crates as they are, and the workspace around them.

/// The files of `runtime-templates/axum/support`, without tests, by path.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/support.rs"));

/// The files to copy, with their paths in the app.
pub fn files() -> impl Iterator<Item = (String, String)> {
    FILES
        .iter()
        .filter(|(path, _)| path.contains('/'))
        .map(|(path, text)| (format!("support/{path}"), without_test_modules(text)))
}

/// The app's workspace: that of the support crates, seen from one folder above.
#[must_use]
pub fn workspace() -> String {
    let mut out = String::new();
    for line in file("Cargo.toml").lines() {
        if let Some(members) = line.strip_prefix("members = [") {
            out.push_str("members = [");
            out.push_str(
                &members
                    .replacen('"', "\"support/", 1)
                    .replace(", \"", ", \"support/"),
            );
        } else {
            out.push_str(&line.replace("path = \"", "path = \"support/"));
        }
        out.push('\n');
    }
    if !out.contains("[profile.release]") {
        out.push_str(
            "\n[profile.release]\nlto = \"thin\"\ncodegen-units = 1\npanic = \"unwind\"\n",
        );
    }
    out.trim().to_owned()
}

/// The support crates' lock with the app in it, so that every app builds from the same list.
#[must_use]
pub fn lock() -> String {
    let text = file("Cargo.lock");
    let own = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"engine\",\n \"kernel\",\n \"testing\",\n \"web\",\n]";
    let mut parts = text.trim_end().split("\n\n[[package]]\n");
    let mut out = parts.next().unwrap_or("").to_owned();
    let mut placed = false;
    for part in parts {
        let name = part
            .strip_prefix("name = \"")
            .and_then(|rest| rest.split('"').next())
            .unwrap_or("");
        if !placed && name > "app" {
            out.push_str("\n\n");
            out.push_str(own);
            placed = true;
        }
        out.push_str("\n\n[[package]]\n");
        out.push_str(part);
    }
    if !placed {
        out.push_str("\n\n");
        out.push_str(own);
    }
    out.push('\n');
    out
}

fn file(path: &str) -> &'static str {
    FILES
        .iter()
        .find(|(name, _)| *name == path)
        .map_or("", |(_, text)| text)
}

/// Tests stay behind, and so does what names them.
fn without_test_modules(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let named = line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| {
                next.trim_start().starts_with("mod ") && next.trim_end().ends_with(';')
            });
        if named {
            lines.next();
            if out.ends_with("\n\n") && lines.peek().is_none_or(|next| next.is_empty()) {
                lines.next();
            }
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}
