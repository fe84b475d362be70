//! Argon2id on threads of its own, a bounded number at a time, so that log-ins can't starve everything else.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use engine::def::{Entity, Input};
use engine::refusal::Refusal;
use engine::sign::normal_password;
use kernel::kind::Kind;
use kernel::value::{Hidden, Value};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest password, in bytes.
pub use engine::sign::LONGEST_PASSWORD as LONGEST;

/// How long a log-in waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hashes and verifies.
pub struct Hashing {
    turns: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing::new()
    }
}

impl Hashing {
    /// As many at a time as there are processors, at most 4.
    #[must_use]
    pub fn new() -> Hashing {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Hashing {
            turns: Arc::new(Semaphore::new(processors.clamp(1, 4))),
        }
    }

    /// Half as many: for the passwords that rows hold, so that nobody who writes many of them keeps others from
    /// signing in.
    #[must_use]
    pub fn for_fields() -> Hashing {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Hashing {
            turns: Arc::new(Semaphore::new((processors / 2).clamp(1, 2))),
        }
    }

    /// Puts the hash in place of every password, before the write that keeps it.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] if others keep all turns.
    pub async fn hide<'v>(
        &self,
        passwords: impl Iterator<Item = &'v mut Value>,
    ) -> Result<(), Refusal> {
        for value in passwords {
            if let Value::Text(password) = value {
                let characters = u32::try_from(password.chars().count()).ok();
                let text = self.hash(std::mem::take(password)).await?;
                *value = Value::Hidden(Hidden { text, characters });
            }
        }
        Ok(())
    }

    /// [`Hashing::hide`] for the fields of a row.
    ///
    /// # Errors
    /// As [`Hashing::hide`].
    pub async fn hide_fields(
        &self,
        entity: &Entity,
        values: &mut [(usize, Value)],
    ) -> Result<(), Refusal> {
        let passwords = values.iter_mut().filter(|(index, _)| {
            let field = entity.fields.get(*index);
            field.is_some_and(|field| matches!(field.kind, Kind::Password))
        });
        self.hide(passwords.map(|(_, value)| value)).await
    }

    /// [`Hashing::hide`] for the inputs of an operation.
    ///
    /// # Errors
    /// As [`Hashing::hide`].
    pub async fn hide_inputs(
        &self,
        inputs: &[Input],
        values: &mut [(&'static str, Value)],
    ) -> Result<(), Refusal> {
        let passwords = values.iter_mut().filter(|(name, _)| {
            let input = inputs.iter().find(|input| input.name == *name);
            input.is_some_and(|input| matches!(input.kind, Kind::Password) && !input.as_typed)
        });
        self.hide(passwords.map(|(_, value)| value)).await
    }

    /// The string to store for a password.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] if others keep all turns.
    pub async fn hash(&self, password: String) -> Result<String, Refusal> {
        self.run(move || hash_now(&password)).await?
    }

    /// Whether the password fits what is stored. Without anything stored it takes the same time and is false.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] if others keep all turns.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Refusal> {
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.as_deref().or_else(|| nobody());
            let fits = stored.is_some_and(|stored| verify_now(&password, stored));
            known && fits
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| Refusal::TooMany { retry_after: 10 })?
            .map_err(|error| Refusal::Fault(format!("no turn to hash a password: {error}")))?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|error| Refusal::Fault(format!("hashing a password failed: {error}")))
    }
}

/// The string to store, on this thread.
///
/// # Errors
/// [`Refusal::Fault`] if the system has no randomness.
pub fn hash_now(password: &str) -> Result<String, Refusal> {
    let password = normal_password(password);
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed
        .map(|hash| hash.to_string())
        .map_err(|error| Refusal::Fault(format!("hashing a password failed: {error}")))
}

fn verify_now(password: &str, stored: &str) -> bool {
    let password = normal_password(password);
    if password.len() > LONGEST {
        return false;
    }
    PasswordHash::new(stored).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// What a user who does not exist is compared with.
fn nobody() -> Option<&'static str> {
    static NOBODY: OnceLock<Option<String>> = OnceLock::new();
    NOBODY
        .get_or_init(|| hash_now("nobody has this password").ok())
        .as_deref()
}
