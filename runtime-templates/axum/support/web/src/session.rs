//! Sessions and bearer tokens: secrets of 32 random bytes of which only the SHA-256 is stored, and a bounded memory of
//! those in use that forgets at once.

use crate::site::Site;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::access;
use engine::caller::Caller;
use engine::refusal::Refusal;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What another process (the command line) changed is noticed after this long; what this one changed, at once.
const FRESH: Duration = Duration::from_secs(10);

const SHARDS: usize = 16;
const MOST_PER_SHARD: usize = 4096;

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The cookie of a browser.
    Cookie,
    /// `Authorization: Bearer`.
    Token,
}

/// A session or token in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its row in `session`, or in `token`.
    pub id: i64,
    /// Whose.
    pub user: i64,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Milliseconds.
    pub expires: i64,
    /// How they came.
    pub via: Via,
}

/// A session that was found, and who that makes the caller.
#[derive(Debug, Clone)]
pub struct Found {
    /// The session.
    pub session: Arc<Session>,
    /// The caller.
    pub caller: Caller,
}

/// A secret that was just made: the client gets [`Secret::text`], the database [`Secret::hash`].
#[derive(Clone)]
pub struct Secret {
    /// 43 characters.
    pub text: String,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Secret {
    /// 32 random bytes.
    ///
    /// # Errors
    /// [`Refusal::Fault`] if the system has no randomness.
    pub fn new() -> Result<Secret, Refusal> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Refusal::Fault(format!("no randomness: {error}")))?;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&text);
        Ok(Secret { text, hash })
    }
}

/// What is stored of a secret.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What forms of this session carry.
#[must_use]
pub fn form_token(secret: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"form\0");
    digest.update(secret.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// The cookie's name.
#[must_use]
pub const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-session" } else { "session" }
}

/// The `Set-Cookie` value of a new session.
#[must_use]
pub fn cookie(secret: &str, max_age_seconds: i64, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!(
        "{}={secret}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(https)
    )
}

/// The `Set-Cookie` value that makes a browser forget its session.
#[must_use]
pub fn no_cookie(https: bool) -> String {
    cookie("", 0, https)
}

/// Sessions with the roles of their users, by the hash of their secret.
type Shard = HashMap<[u8; 32], Remembered>;

#[derive(Clone)]
struct Remembered {
    session: Arc<Session>,
    roles: u64,
    since: Instant,
}

/// The memory of sessions in use.
pub struct Sessions {
    shards: [Mutex<Shard>; SHARDS],
    generation: AtomicU64,
    keep_roles: bool,
}

impl Sessions {
    /// Nothing remembered. `keep_roles`: roles change only when somebody is given one.
    #[must_use]
    pub fn new(keep_roles: bool) -> Sessions {
        Sessions {
            shards: std::array::from_fn(|_| Mutex::default()),
            generation: AtomicU64::new(0),
            keep_roles,
        }
    }

    /// Forgets every session: a user, a role or a session changed.
    pub fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Forgets one session.
    pub fn forget(&self, secret_hash: &[u8; 32]) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.shard(secret_hash).remove(secret_hash);
    }

    /// Forgets the sessions of one user.
    pub fn forget_user(&self, user: i64) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        for shard in &self.shards {
            shard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|_, known| known.session.user != user);
        }
    }

    fn shard(&self, key: &[u8; 32]) -> MutexGuard<'_, Shard> {
        let [first, ..] = key;
        let [zero, ..] = &self.shards;
        self.shards
            .get(usize::from(*first) % SHARDS)
            .unwrap_or(zero)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Remembered> {
        self.shard(key)
            .get(key)
            .filter(|known| known.since.elapsed() < FRESH)
            .cloned()
    }

    /// Remembers what was read, unless something was forgotten since `generation`.
    fn remember(&self, key: [u8; 32], session: &Arc<Session>, roles: u64, generation: u64) {
        let mut shard = self.shard(&key);
        if self.generation.load(Ordering::SeqCst) != generation {
            return;
        }
        if shard.len() >= MOST_PER_SHARD {
            shard.clear();
        }
        shard.insert(
            key,
            Remembered {
                session: Arc::clone(session),
                roles,
                since: Instant::now(),
            },
        );
    }
}

/// Finds the live session or token with this secret.
///
/// # Errors
/// [`Refusal::Fault`] if the store fails.
pub fn find(site: &Site, secret: &str, via: Via) -> Result<Option<Found>, Refusal> {
    if secret.len() != 43 {
        return Ok(None);
    }
    let key = hash(secret);
    let (now, _) = site.engine.now();
    if let Some(Remembered { session, roles, .. }) = site.sessions.remembered(&key) {
        if session.via != via || session.expires <= now {
            return Ok(None);
        }
        let held = if site.sessions.keep_roles {
            roles
        } else {
            site.engine
                .read(|reader| access::caller_of(reader, session.user))?
                .roles
        };
        let caller = Caller {
            user: Some(session.user),
            roles: held,
            system: false,
        };
        return Ok(Some(Found { session, caller }));
    }
    let generation = site.sessions.generation.load(Ordering::SeqCst);
    let found = site.engine.read(|reader| {
        let Some(session) = load(reader, &key, via, now)? else {
            return Ok(None);
        };
        let held = access::caller_of(reader, session.user)?.roles;
        Ok(Some((session, held)))
    })?;
    let Some((session, held)) = found else {
        return Ok(None);
    };
    let session = Arc::new(session);
    site.sessions.remember(key, &session, held, generation);
    let caller = Caller {
        user: Some(session.user),
        roles: held,
        system: false,
    };
    Ok(Some(Found { session, caller }))
}

fn load(
    connection: &Connection,
    key: &[u8; 32],
    via: Via,
    now: i64,
) -> Result<Option<Session>, Refusal> {
    let sql = match via {
        Via::Cookie => {
            "SELECT s.id, s.user_id, s.expires, u.name, u.email FROM session AS s \
             JOIN \"user\" AS u ON u.id = s.user_id WHERE s.hash = ?1 AND s.expires > ?2 AND NOT EXISTS (SELECT 1 FROM account AS a \
             WHERE a.user_id = s.user_id AND (a.disabled_at IS NOT NULL OR a.deleted_at IS NOT NULL))"
        }
        Via::Token => {
            "SELECT s.id, s.user_id, s.expires, u.name, u.email FROM token AS s \
             JOIN \"user\" AS u ON u.id = s.user_id WHERE s.hash = ?1 AND s.purpose = 'bearer' AND s.expires > ?2 AND NOT EXISTS (SELECT 1 FROM account AS a \
             WHERE a.user_id = s.user_id AND (a.disabled_at IS NOT NULL OR a.deleted_at IS NOT NULL))"
        }
    };
    let found = connection
        .prepare_cached(sql)?
        .query_row(params![key.as_slice(), now], |row| {
            Ok(Session {
                id: row.get(0)?,
                user: row.get(1)?,
                expires: row.get(2)?,
                name: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                email: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                via,
            })
        })
        .optional()?;
    Ok(found)
}
