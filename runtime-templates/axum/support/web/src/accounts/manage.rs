//! What people look after themselves: their sessions, their tokens, their account.

use super::recover::{end_all, verify_own};
use crate::respond::invalid;
use crate::session::Via;
use crate::site::Site;
use crate::visit::Visit;
use engine::caller::Caller;
use engine::refusal::Refusal;
use rusqlite::params;

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// For revoking it.
    pub id: i64,
    /// Milliseconds.
    pub created: i64,
    /// Milliseconds.
    pub expires: i64,
    /// From where.
    pub peer: String,
    /// With which program.
    pub agent: String,
    /// This very one.
    pub current: bool,
}

/// A bearer token as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// For revoking it.
    pub id: i64,
    /// Milliseconds.
    pub created: i64,
    /// Milliseconds.
    pub expires: i64,
    /// With which program it was made.
    pub agent: String,
    /// This very one.
    pub current: bool,
}

/// The open sessions, newest first.
///
/// # Errors
/// 401 for a visitor.
pub fn list_sessions(site: &Site, visit: &Visit) -> Result<Vec<SessionInfo>, Refusal> {
    let user = visit.user()?;
    let current = current(visit, Via::Cookie);
    let (now, _) = site.engine.now();
    site.engine.read(|reader| {
        let mut statement = reader.prepare_cached(
            "SELECT id, created, expires, peer, agent FROM session WHERE user_id = ?1 AND expires > ?2 \
             ORDER BY id DESC LIMIT 200",
        )?;
        let rows = statement.query_map(params![user, now], |row| {
            let id = row.get(0)?;
            Ok(SessionInfo {
                id,
                created: row.get(1)?,
                expires: row.get(2)?,
                peer: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                agent: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                current: current == Some(id),
            })
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    })
}

/// The bearer tokens, newest first.
///
/// # Errors
/// 401 for a visitor.
pub fn list_tokens(site: &Site, visit: &Visit) -> Result<Vec<TokenInfo>, Refusal> {
    let user = visit.user()?;
    let current = current(visit, Via::Token);
    let (now, _) = site.engine.now();
    site.engine.read(|reader| {
        let mut statement = reader.prepare_cached(
            "SELECT id, created, expires, agent FROM token WHERE user_id = ?1 AND purpose = 'bearer' AND expires > ?2 \
             ORDER BY id DESC LIMIT 200",
        )?;
        let rows = statement.query_map(params![user, now], |row| {
            let id = row.get(0)?;
            Ok(TokenInfo {
                id,
                created: row.get(1)?,
                expires: row.get(2)?,
                agent: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                current: current == Some(id),
            })
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    })
}

fn current(visit: &Visit, via: Via) -> Option<i64> {
    visit
        .session
        .as_ref()
        .filter(|session| session.via == via)
        .map(|session| session.id)
}

/// Ends one of the caller's own sessions.
///
/// # Errors
/// 401 for a visitor, 404 where it is not theirs.
pub async fn revoke_session(site: &Site, visit: &Visit, id: i64) -> Result<(), Refusal> {
    let ended = end(site, visit.user()?, id, Via::Cookie).await?;
    if ended {
        Ok(())
    } else {
        Err(Refusal::NotFound)
    }
}

/// Ends all of the caller's own sessions but the one they come with.
///
/// # Errors
/// 401 for a visitor.
pub async fn revoke_other_sessions(site: &Site, visit: &Visit) -> Result<(), Refusal> {
    let (user, current) = (visit.user()?, current(visit, Via::Cookie));
    site.engine
        .write(Caller::SYSTEM, move |writer| {
            let sql = "DELETE FROM session WHERE user_id = ?1 AND id IS NOT ?2";
            Ok(writer
                .prepare_cached(sql)?
                .execute(params![user, current])?)
        })
        .await?;
    site.sessions.forget_user(user);
    Ok(())
}

/// Ends one of the caller's own tokens.
///
/// # Errors
/// 401 for a visitor, 404 where it is not theirs.
pub async fn revoke_token(site: &Site, visit: &Visit, id: i64) -> Result<(), Refusal> {
    let ended = end(site, visit.user()?, id, Via::Token).await?;
    if ended {
        Ok(())
    } else {
        Err(Refusal::NotFound)
    }
}

pub(crate) async fn end(site: &Site, user: i64, id: i64, via: Via) -> Result<bool, Refusal> {
    let sql = match via {
        Via::Cookie => "DELETE FROM session WHERE id = ?1 AND user_id = ?2",
        Via::Token => "DELETE FROM token WHERE id = ?1 AND user_id = ?2 AND purpose = 'bearer'",
    };
    let ended = site
        .engine
        .write(Caller::SYSTEM, move |writer| {
            Ok(writer.prepare_cached(sql)?.execute(params![id, user])?)
        })
        .await?;
    site.sessions.forget_user(user);
    Ok(ended > 0)
}

/// Deletes the caller's own account, after their password. What depends on the user goes, is emptied or stays as the
/// description says; a row that must keep its user refuses it (409).
///
/// # Errors
/// 401, 409, 422 at `password`, 429.
pub async fn delete_account(site: &Site, visit: &Visit, password: String) -> Result<(), Refusal> {
    let user = visit.user()?;
    if !verify_own(site, visit, password).await? {
        return Err(invalid(
            "password",
            "password",
            "This is not your password.",
        ));
    }
    let Some(entity) = site.app.entities.first().copied() else {
        return Err(Refusal::NotFound);
    };
    // The program does it for them: whoever can log in may leave.
    let caller = Caller {
        system: true,
        ..visit.caller
    };
    site.engine
        .write(caller, move |writer| {
            engine::operate::delete(writer, entity, user, None)?;
            end_all(writer, user)?;
            // Where a nameless stub of the user stays, nobody can log in as it.
            for sql in [
                "UPDATE account SET password_hash = NULL, confirmed_at = NULL WHERE user_id = ?1",
                "DELETE FROM user_role WHERE user_id = ?1",
            ] {
                writer.prepare_cached(sql)?.execute(params![user])?;
            }
            Ok(())
        })
        .await?;
    site.sessions.forget_user(user);
    Ok(())
}
