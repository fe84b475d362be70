//! How often somebody may try: a bucket per key that refills with time. In memory and bounded.

use engine::refusal::Refusal;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const MOST_KEYS: usize = 50_000;

/// A limit: this many at once, then one each `every`.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// At once.
    pub burst: u32,
    /// Then one each.
    pub every: Duration,
}

/// Log-ins per account.
pub const LOGIN_ACCOUNT: Limit = Limit {
    burst: 10,
    every: Duration::from_secs(30),
};
/// Log-ins per address.
pub const LOGIN_ADDRESS: Limit = Limit {
    burst: 50,
    every: Duration::from_secs(6),
};
/// Sign-ups and invitations per address.
pub const SIGN_UP_ADDRESS: Limit = Limit {
    burst: 30,
    every: Duration::from_secs(60),
};
/// Mails (reset, confirmation) per account.
pub const MAIL_ACCOUNT: Limit = Limit {
    burst: 3,
    every: Duration::from_secs(300),
};
/// Mails per address.
pub const MAIL_ADDRESS: Limit = Limit {
    burst: 20,
    every: Duration::from_secs(60),
};

/// How full each bucket was, and when.
type Buckets = HashMap<(&'static str, String), (f64, Instant)>;

/// What was used, by key.
pub struct Throttle {
    used: Mutex<Buckets>,
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new()
    }
}

impl Throttle {
    /// Nobody tried anything yet.
    #[must_use]
    pub fn new() -> Throttle {
        Throttle {
            used: Mutex::new(HashMap::new()),
        }
    }

    /// Nobody tried anything.
    #[cfg(feature = "verification")]
    pub fn forget_all(&self) {
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Counts one try of `key`.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] with the seconds until the next try is allowed; refused tries are not counted.
    pub fn take(&self, what: &'static str, key: &str, limit: Limit) -> Result<(), Refusal> {
        self.take_at(what, key, limit, Instant::now())
    }

    fn take_at(
        &self,
        what: &'static str,
        key: &str,
        limit: Limit,
        now: Instant,
    ) -> Result<(), Refusal> {
        let every = limit.every.as_secs_f64();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MOST_KEYS {
            used.retain(|_, (level, at)| *level > now.duration_since(*at).as_secs_f64() / every);
            if used.len() >= MOST_KEYS {
                used.clear();
            }
        }
        let entry = used.entry((what, key.to_owned())).or_insert((0.0, now));
        let leaked = now.saturating_duration_since(entry.1).as_secs_f64() / every;
        let level = (entry.0 - leaked).max(0.0);
        if level + 1.0 > f64::from(limit.burst) {
            let wait = (level + 1.0 - f64::from(limit.burst)) * every;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small positive number"
            )]
            let retry_after = wait.ceil().max(1.0) as u64;
            return Err(Refusal::TooMany { retry_after });
        }
        *entry = (level + 1.0, now);
        Ok(())
    }

    /// Forgets the tries of `key`: it succeeded.
    pub fn forgive(&self, what: &'static str, key: &str) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.remove(&(what, key.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_and_leaks() {
        let throttle = Throttle::new();
        let limit = Limit {
            burst: 2,
            every: Duration::from_secs(10),
        };
        let start = Instant::now();
        assert!(throttle.take_at("x", "a", limit, start).is_ok());
        assert!(throttle.take_at("x", "a", limit, start).is_ok());
        assert_eq!(
            throttle.take_at("x", "a", limit, start),
            Err(Refusal::TooMany { retry_after: 10 })
        );
        assert!(throttle.take_at("x", "b", limit, start).is_ok());
        assert!(
            throttle
                .take_at("x", "a", limit, start + Duration::from_secs(11))
                .is_ok()
        );
        throttle.forgive("x", "a");
        assert!(throttle.take_at("x", "a", limit, start).is_ok());
    }
}
