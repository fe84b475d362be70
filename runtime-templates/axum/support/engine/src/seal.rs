//! Secrets at rest: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), a random nonce for each value, bound to the place it
//! is kept in. The key is never in the database. Knows nothing of who may read.

use crate::def::App;
use crate::refusal::Refusal;
use crate::store::OpenError;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use kernel::kind::Kind;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, params};
use std::fmt;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The environment variable that holds the key, where there is no file.
pub const KEY_VARIABLE: &str = "APP_SECRET_KEY";

/// What the stored form begins with, so that it can change.
const FORM: &str = "1:";
const NONCE: usize = 24;
/// The row of `meta` that tells whether a key is the right one.
const CHECK: &str = "secret-key-check";

/// Where the key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFrom {
    /// The environment variable [`KEY_VARIABLE`].
    Variable,
    /// This file.
    File(PathBuf),
}

impl fmt::Display for KeyFrom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFrom::Variable => out.write_str(KEY_VARIABLE),
            KeyFrom::File(path) => write!(out, "{}", path.display()),
        }
    }
}

/// Seals secrets and opens them again; clones share the key.
#[derive(Clone)]
pub(crate) struct Sealer {
    cipher: Arc<XChaCha20Poly1305>,
    /// Where the key came from.
    pub from: KeyFrom,
}

/// Where a secret is kept: it can be opened nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub table: &'p str,
    pub column: &'p str,
    pub row: i64,
}

impl Place<'_> {
    fn bytes(self) -> Vec<u8> {
        let Place { table, column, row } = self;
        format!("{}:{table}{}:{column}{row}", table.len(), column.len()).into_bytes()
    }
}

impl Sealer {
    fn new(key: &[u8; 32], from: KeyFrom) -> Sealer {
        let cipher = XChaCha20Poly1305::new(&Key::from(*key));
        Sealer {
            cipher: Arc::new(cipher),
            from,
        }
    }

    /// The stored form of a secret.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<String, Refusal> {
        let mut nonce = [0_u8; NONCE];
        getrandom::fill(&mut nonce)
            .map_err(|error| Refusal::Fault(format!("no randomness: {error}")))?;
        let aad = place.bytes();
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: &aad,
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Refusal::Fault("a secret can't be encrypted".to_owned()))?;
        let mut out = String::with_capacity(FORM.len() + 2 * (NONCE + sealed.len()));
        out.push_str(FORM);
        for byte in nonce.iter().chain(&sealed) {
            let _ = write!(out, "{byte:02x}");
        }
        Ok(out)
    }

    /// The secret; none where it was changed, belongs elsewhere, or the key is another.
    pub fn open(&self, place: Place<'_>, stored: &str) -> Option<String> {
        let bytes = from_hex(stored.strip_prefix(FORM)?)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let aad = place.bytes();
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let opened = self.cipher.decrypt(&XNonce::from(nonce), payload).ok()?;
        String::from_utf8(opened).ok()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok())
        .collect()
}

/// Why a secret of a row can't be read.
pub(crate) fn unreadable(place: Place<'_>) -> String {
    format!(
        "{}.{} of row {} can't be decrypted: it was changed, or moved from another place, outside the app",
        place.table, place.column, place.row
    )
}

/// The app has fields of type `secret`.
#[must_use]
pub fn has_secrets(app: &App) -> bool {
    app.entities
        .iter()
        .flat_map(|entity| entity.fields)
        .any(|field| matches!(field.kind, Kind::Secret))
}

/// The file that holds the key of this database.
#[must_use]
pub fn key_file(database: &Path) -> PathBuf {
    database.with_file_name("secret.key")
}

/// Finds the key, or makes one for a database that holds no secrets yet. None for an app without secrets.
pub(crate) fn prepare(
    app: &App,
    connection: &Connection,
    database: &Path,
    variable: Option<&str>,
) -> Result<Option<Sealer>, OpenError> {
    if !has_secrets(app) {
        return Ok(None);
    }
    let fail = |error| OpenError::Database(database.to_owned(), error);
    let check: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [CHECK], |row| {
            row.get(0)
        })
        .optional()
        .map_err(fail)?;
    let file = key_file(database);
    let sealer = match variable {
        Some(text) => read_key(text, KeyFrom::Variable)?,
        None => match std::fs::read_to_string(&file) {
            Ok(text) => read_key(&text, KeyFrom::File(file))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && check.is_none() => {
                make_key(&file).map_err(|error| OpenError::File(file.clone(), error))?;
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| OpenError::File(file.clone(), error))?;
                read_key(&text, KeyFrom::File(file))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OpenError::NoKey(file));
            }
            Err(error) => return Err(OpenError::File(file, error)),
        },
    };
    let place = Place {
        table: "meta",
        column: CHECK,
        row: 0,
    };
    match check {
        Some(check) if sealer.open(place, &check).is_none() => {
            Err(OpenError::WrongKey(sealer.from))
        }
        Some(_) => Ok(Some(sealer)),
        None => {
            let sealed = sealer
                .seal(place, CHECK)
                .map_err(|refusal| OpenError::Key(format!("{refusal:?}")))?;
            connection
                .execute(
                    "INSERT INTO meta (key, value) VALUES (?1, ?2)",
                    params![CHECK, sealed],
                )
                .map_err(fail)?;
            Ok(Some(sealer))
        }
    }
}

fn read_key(text: &str, from: KeyFrom) -> Result<Sealer, OpenError> {
    let key: Option<[u8; 32]> = from_hex(text.trim()).and_then(|bytes| bytes.try_into().ok());
    match key {
        Some(key) => Ok(Sealer::new(&key, from)),
        None => Err(OpenError::Key(format!(
            "{from} holds no key: a key is 64 hexadecimal digits, as `openssl rand -hex 32` makes them"
        ))),
    }
}

/// Makes a key that nobody else on the machine can read. A file that came into being meanwhile stays.
fn make_key(file: &Path) -> std::io::Result<()> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| std::io::Error::other(error.to_string()))?;
    let text = key.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let draft = file.with_extension(format!("key-{}", std::process::id()));
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut out = options.open(&draft)?;
    writeln!(out, "{text}")?;
    out.sync_all()?;
    // The whole file appears at once, and never in place of another.
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// `unseal(table, column, row, value)` and, for columns that got another name, `reseal(table, from, to, row, value)`.
pub(crate) fn register(connection: &Connection, sealer: Option<&Sealer>) -> rusqlite::Result<()> {
    let Some(sealer) = sealer else {
        return Ok(());
    };
    const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DIRECTONLY);
    let fault = |text: String| rusqlite::Error::UserFunctionError(text.into());
    let own = sealer.clone();
    connection.create_scalar_function("unseal", 4, FLAGS, move |context| {
        let Some(stored) = context.get::<Option<String>>(3)? else {
            return Ok(None);
        };
        let (table, column): (String, String) = (context.get(0)?, context.get(1)?);
        let place = Place {
            table: &table,
            column: &column,
            row: context.get(2)?,
        };
        let opened = own.open(place, &stored);
        opened.map(Some).ok_or_else(|| fault(unreadable(place)))
    })?;
    let own = sealer.clone();
    connection.create_scalar_function("reseal", 5, FLAGS, move |context| {
        let Some(stored) = context.get::<Option<String>>(4)? else {
            return Ok(None);
        };
        let (table, from, to): (String, String, String) =
            (context.get(0)?, context.get(1)?, context.get(2)?);
        let place = |column| Place {
            table: &table,
            column,
            row: context.get(3).unwrap_or_default(),
        };
        let old = place(from.as_str());
        let secret = own
            .open(old, &stored)
            .ok_or_else(|| fault(unreadable(old)))?;
        own.seal(place(to.as_str()), &secret)
            .map(Some)
            .map_err(|refusal| fault(format!("{refusal:?}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(first: u8) -> Sealer {
        let mut key = [7; 32];
        key[0] = first;
        Sealer::new(&key, KeyFrom::Variable)
    }

    const HERE: Place<'static> = Place {
        table: "safe",
        column: "code",
        row: 1,
    };

    #[test]
    fn a_secret_is_opened_where_it_was_kept_and_nowhere_else() {
        let one = sealer(1);
        let stored = one.seal(HERE, "geheim ✓").unwrap();
        assert_eq!(one.open(HERE, &stored).as_deref(), Some("geheim ✓"));
        for there in [
            Place { row: 2, ..HERE },
            Place {
                column: "codes",
                ..HERE
            },
            Place {
                table: "safes",
                ..HERE
            },
            // The parts can't be shifted into one another.
            Place {
                table: "saf",
                column: "ecode",
                ..HERE
            },
            Place {
                column: "code1",
                row: 0,
                ..HERE
            },
        ] {
            assert_eq!(one.open(there, &stored), None, "{there:?}");
        }
        assert_eq!(sealer(2).open(HERE, &stored), None);
    }

    #[test]
    fn what_was_changed_is_not_opened() {
        let one = sealer(1);
        let stored = one.seal(HERE, "a").unwrap();
        for at in 2..stored.len() {
            let mut changed = stored.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            if changed != stored {
                assert_eq!(one.open(HERE, &changed), None, "{at}");
            }
        }
        for text in ["", "1:", "1:zz", "2:00", "plain text", "1:0", "1:é"] {
            assert_eq!(one.open(HERE, text), None, "{text}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let one = sealer(1);
        assert_ne!(one.seal(HERE, "a").unwrap(), one.seal(HERE, "a").unwrap());
    }
}
