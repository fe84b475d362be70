//! What operations answered people, kept in memory for a while under an address of its own, so that a page that is
//! loaded again shows it and runs nothing.

use crate::session::Secret;
use engine::refusal::Refusal;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a result can be looked at.
pub const LIFE: Duration = Duration::from_secs(60 * 60);
/// The most results at a time; the oldest go first.
const MOST: usize = 1000;
/// The most bytes of all of them; the newest stays, however long it is.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What an operation answered.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Who asked; nobody for a visitor, to whom the address alone is the key.
    pub user: Option<i64>,
    /// What the operation is called.
    pub name: &'static str,
    /// The position of the entity whose row it worked on.
    pub entity: Option<usize>,
    /// Where to go on.
    pub back: String,
    /// The result as HTML.
    pub shown: String,
}

/// The results of the last hour.
#[derive(Default)]
pub struct Results {
    kept: Mutex<VecDeque<([u8; 32], Instant, Kept)>>,
}

impl Results {
    /// Keeps a result and gives what stands for it in an address.
    ///
    /// # Errors
    /// [`Refusal::Fault`] if the system has no randomness.
    pub fn keep(&self, result: Kept) -> Result<String, Refusal> {
        let secret = Secret::new()?;
        self.keep_at(secret.hash, result, Instant::now());
        Ok(secret.text)
    }

    fn keep_at(&self, hash: [u8; 32], result: Kept, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((hash, now, result));
        let mut bytes: usize = kept.iter().map(|(_, _, kept)| kept.shown.len()).sum();
        while let Some((_, at, oldest)) = kept.front() {
            let stays = kept.len() <= MOST && bytes <= MOST_BYTES;
            if kept.len() == 1 || (stays && now.duration_since(*at) < LIFE) {
                break;
            }
            bytes -= oldest.shown.len();
            kept.pop_front();
        }
    }

    /// What was kept for this user under this address.
    #[must_use]
    pub fn find(&self, address: &str, user: Option<i64>) -> Option<Kept> {
        self.find_at(&crate::session::hash(address), user, Instant::now())
    }

    fn find_at(&self, hash: &[u8; 32], user: Option<i64>, now: Instant) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, at, result) = kept.iter().find(|(known, ..)| known == hash)?;
        let fits = result.user == user && now.duration_since(*at) < LIFE;
        fits.then(|| result.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(user: Option<i64>, length: usize) -> Kept {
        Kept {
            user,
            name: "Count",
            entity: None,
            back: "/".to_owned(),
            shown: "x".repeat(length),
        }
    }

    #[test]
    fn a_result_is_for_who_asked_and_for_an_hour() {
        let (results, now) = (Results::default(), Instant::now());
        results.keep_at([1; 32], result(Some(7), 1), now);
        assert!(results.find_at(&[1; 32], Some(7), now).is_some());
        assert!(results.find_at(&[1; 32], Some(8), now).is_none());
        assert!(results.find_at(&[1; 32], None, now).is_none());
        assert!(results.find_at(&[2; 32], Some(7), now).is_none());
        assert!(results.find_at(&[1; 32], Some(7), now + LIFE).is_none());
        let address = results.keep(result(None, 1)).unwrap();
        assert_eq!(address.len(), 43);
        assert!(results.find(&address, None).is_some());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let (results, now) = (Results::default(), Instant::now());
        for number in 0..=255 {
            results.keep_at([number; 32], result(None, MOST_BYTES / 100), now);
        }
        assert!(results.find_at(&[155; 32], None, now).is_none());
        assert!(results.find_at(&[156; 32], None, now).is_some());
        results.keep_at([0; 32], result(None, 2 * MOST_BYTES), now);
        assert!(results.find_at(&[0; 32], None, now).is_some());
        assert!(results.find_at(&[255; 32], None, now).is_none());
        // What is past goes with the next.
        results.keep_at([1; 32], result(None, 1), now + LIFE);
        assert_eq!(results.kept.lock().unwrap().len(), 1);
        for _ in 0..2 * MOST {
            results.keep_at([2; 32], result(None, 1), now);
        }
        assert_eq!(results.kept.lock().unwrap().len(), MOST);
    }
}
