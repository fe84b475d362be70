//! What is unsafe or unfinished about serving this app to the world: `check-deploy`.

use crate::router::RESERVED;
use crate::site::Options;
use engine::Engine;
use engine::def::App;
use engine::refusal::Refusal;
use engine::seal::{KEY_VARIABLE, KeyFrom};
use std::path::Path;

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// It must be put right before anybody is let in.
    pub serious: bool,
    /// What, and what to do about it.
    pub text: String,
}

/// Looks at options, data folder and store.
///
/// # Errors
/// If the store can't be read.
pub fn deployment(
    engine: &Engine,
    options: &Options,
    data: &Path,
) -> Result<Vec<Finding>, Refusal> {
    let mut findings = Vec::new();
    let mut add = |serious: bool, text: String| findings.push(Finding { serious, text });
    if options.dev {
        add(
            true,
            "development mode shows mail to everybody; leave --dev out".to_owned(),
        );
    }
    match &options.public_url {
        None => add(
            true,
            "no public address is set; pass --public-url https://…".to_owned(),
        ),
        Some(url) if !url.starts_with("https://") => {
            add(
                true,
                format!("{url} is not https; put a proxy with a certificate in front"),
            );
        }
        Some(_) => {}
    }
    if options.hosts.is_empty() {
        add(
            false,
            "the app answers to any host name; pass --host with the one it is known by".to_owned(),
        );
    }
    if !options.behind_proxy {
        add(
            false,
            "without --behind-proxy all visitors through a proxy share one limit for attempts"
                .to_owned(),
        );
    }
    match &options.smtp {
        None => add(
            engine.app.accounts.confirm_email,
            "no mail goes out, not even for a forgotten password; set SMTP_URL=smtps://user:password@host:465 and MAIL_FROM"
                .to_owned(),
        ),
        Some(smtp) if smtp.in_the_clear => add(
            true,
            "mail and its password go to the mail server in the clear; use smtps:// or ?tls=required".to_owned(),
        ),
        Some(_) => {}
    }
    if let Some(text) = open_to_others(data) {
        add(true, text);
    }
    if let Some(KeyFrom::File(key)) = engine.secret_key() {
        if let Some(text) = key_open_to_others(key) {
            add(true, text);
        }
        add(
            false,
            format!(
                "the key of the secrets lies beside the database, in {}; who copies the folder has both. Keep a copy of it \
                 elsewhere, or set {KEY_VARIABLE} from a place of its own and remove the file",
                key.display()
            ),
        );
    }
    let (administrators, mail): (i64, i64) = engine.read(|reader| {
        let people = reader.query_row(
            "SELECT count(*) FROM account WHERE password_hash IS NOT NULL",
            [],
            |row| row.get(0),
        )?;
        let seeds = reader.query_row(
            "SELECT count(*) FROM meta WHERE key LIKE 'seed:%'",
            [],
            |row| row.get(0),
        )?;
        Ok((people, seeds))
    })?;
    if administrators == 0 {
        add(
            false,
            "nobody can log in yet; make the first user with: user add EMAIL --role ROLE"
                .to_owned(),
        );
    }
    if mail > 0 {
        add(
            true,
            "the data folder holds example data and its log-ins; begin with an empty one"
                .to_owned(),
        );
    }
    Ok(findings)
}

#[cfg(unix)]
fn open_to_others(data: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(data).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        format!(
            "other users of this machine can look into {}; run: chmod 700",
            data.display()
        )
    })
}

#[cfg(unix)]
fn key_open_to_others(key: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(key).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        format!(
            "other users of this machine can read the key of the secrets; run: chmod 600 {}",
            key.display()
        )
    })
}

#[cfg(not(unix))]
fn key_open_to_others(_key: &Path) -> Option<String> {
    None
}

#[cfg(not(unix))]
fn open_to_others(_data: &Path) -> Option<String> {
    None
}

/// Addresses that two things would share; an app with any is not served.
#[must_use]
pub fn clashes(app: &App) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    app.entities
        .iter()
        .map(|entity| entity.slug)
        .chain(app.actions.iter().map(|action| action.slug))
        .filter(|slug| RESERVED.contains(slug) || !seen.insert(*slug))
        .map(|slug| format!("/api/{slug}"))
        .collect()
}
