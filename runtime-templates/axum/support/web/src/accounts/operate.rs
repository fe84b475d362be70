//! Operations on rows, which may sign people up and in. Work on passwords is done here, outside the transaction, and
//! the operation is then run again.

use super::enter::{NewSession, known_mail, log_out, open_session, open_token};
use super::links::{self, Purpose};
use super::recover;
use crate::session::Via;
use crate::site::Site;
use crate::throttle;
use crate::visit::{Origin, Visit};
use engine::refusal::Refusal;
use engine::sign::{Ask, Reply};
use engine::writer::Writer;
use kernel::value::Value;

/// The most passwords that one operation works on.
const MOST: usize = 8;

/// An operation that was carried out.
pub(crate) struct Done<T> {
    /// What it gave; nothing where [`Done::waits`] is all there is to say.
    pub value: Option<T>,
    /// What it answers, where it says so.
    pub result: Option<Value>,
    /// The caller is signed in.
    pub session: Option<NewSession>,
    /// Somebody was signed up and has to follow the link in the mail first. Said also to visitors who used an address
    /// that had an account already.
    pub waits: bool,
}

enum Outcome<T> {
    Done(Done<T>),
    /// Refused; somebody needs a new link to confirm their address.
    Unconfirmed(i64, String, Refusal),
}

/// Runs an operation for whoever asks. `via` is how they stay signed in; `quiet` says that its answer tells nothing, so
/// that a visitor need not be told that an address has an account.
pub(crate) async fn run<T: Send + 'static>(
    site: &Site,
    visit: &Visit,
    via: Via,
    quiet: bool,
    operation: impl Fn(&mut Writer<'_>) -> Result<T, Refusal> + Clone + Send + 'static,
) -> Result<Done<T>, Refusal> {
    let origin = visit.origin();
    let quiet = quiet && site.app.accounts.confirm_email && !visit.caller.signed_in();
    let mut known: Vec<(Ask, Reply)> = Vec::new();
    loop {
        let (operation, given) = (operation.clone(), known.clone());
        let (within, from) = (site.clone(), origin.clone());
        let outcome = site
            .engine
            .operate(visit.caller, move |writer| {
                writer.sign.borrow_mut().known.clone_from(&given);
                let refusal = match operation(writer) {
                    Ok(value) => {
                        return after(writer, &within, &from, via, value).map(Outcome::Done);
                    }
                    Err(refusal) => refusal,
                };
                let (taken, unconfirmed) = {
                    let mut sign = writer.sign.borrow_mut();
                    (sign.taken.take(), sign.unconfirmed.take())
                };
                match (&refusal, taken, unconfirmed) {
                    (Refusal::Invalid(errors), Some((user, email)), _)
                        if quiet && errors.iter().any(|error| error.rule == "unique") =>
                    {
                        known_mail(writer, &within, user, &email)?;
                        Ok(Outcome::Done(Done {
                            value: None,
                            result: None,
                            session: None,
                            waits: true,
                        }))
                    }
                    (
                        Refusal::Conflict {
                            rule: "unconfirmed",
                            ..
                        },
                        _,
                        Some((user, email)),
                    ) => Ok(Outcome::Unconfirmed(user, email, refusal)),
                    _ => Err(refusal),
                }
            })
            .await;
        match outcome {
            Err(Refusal::Pending(ask)) if known.len() < MOST => {
                let reply = work(site, &origin, &ask).await?;
                known.push((ask, reply));
            }
            Err(Refusal::Pending(_)) => return Err(Refusal::TooMany { retry_after: 60 }),
            Err(refusal) => return Err(refusal),
            Ok(Outcome::Unconfirmed(user, email, refusal)) => {
                recover::send_confirmation(site, user, email).await?;
                return Err(refusal);
            }
            Ok(Outcome::Done(done)) => {
                if let Some(session) = &done.session {
                    if via == Via::Cookie {
                        log_out(site, visit).await?;
                    }
                    site.sessions.forget_user(session.user);
                }
                return Ok(done);
            }
        }
    }
}

/// What belongs to accounts, in the same transaction.
fn after<T>(
    writer: &mut Writer<'_>,
    site: &Site,
    origin: &Origin,
    via: Via,
    value: T,
) -> Result<Done<T>, Refusal> {
    let (newcomers, signed_in, result) = {
        let mut sign = writer.sign.borrow_mut();
        (
            std::mem::take(&mut sign.newcomers),
            sign.signed_in,
            sign.result.take(),
        )
    };
    let (app, now) = (site.app, writer.now);
    if app.accounts.confirm_email {
        for user in &newcomers {
            let email: String = writer
                .prepare_cached("SELECT email FROM \"user\" WHERE id = ?1")?
                .query_row([user], |row| row.get(0))?;
            let path = links::make(writer, *user, Purpose::Confirm, now)?;
            let link = site.link(&path);
            links::mail(writer, *user, &email, Purpose::Confirm, app.name, &link)?;
        }
    }
    let session = match (signed_in, via) {
        (None, _) => None,
        (Some(user), Via::Cookie) => Some(open_session(writer, app, user, origin, now)?),
        (Some(user), Via::Token) => Some(open_token(writer, user, &origin.agent, now)?),
    };
    Ok(Done {
        value: Some(value),
        result,
        session,
        waits: app.accounts.confirm_email && !newcomers.is_empty(),
    })
}

/// Works on a password, as often as one may.
async fn work(site: &Site, origin: &Origin, ask: &Ask) -> Result<Reply, Refusal> {
    let peer = origin.peer.to_string();
    match ask {
        Ask::Hash(password) => {
            site.throttle
                .take("sign-up", &peer, throttle::SIGN_UP_ADDRESS)?;
            Ok(Reply::Hash(site.hashing.hash(password.clone()).await?))
        }
        Ask::Verify {
            email,
            password,
            stored,
        } => {
            site.throttle
                .take("login-address", &peer, throttle::LOGIN_ADDRESS)?;
            site.throttle
                .take("login-account", email, throttle::LOGIN_ACCOUNT)?;
            let fits = site
                .hashing
                .verify(password.clone(), stored.clone())
                .await?;
            if fits {
                site.throttle.forgive("login-account", email);
            }
            Ok(Reply::Fits(fits))
        }
    }
}

/// An operation on a row that answers with the row: hooks may sign people up, and nobody in.
///
/// # Errors
/// As the operation refuses.
pub(crate) async fn plain<T: Send + 'static>(
    site: &Site,
    visit: &Visit,
    operation: impl Fn(&mut Writer<'_>) -> Result<T, Refusal> + Clone + Send + 'static,
) -> Result<T, Refusal> {
    let done = run(site, visit, Via::Cookie, false, operation).await?;
    done.value
        .ok_or_else(|| Refusal::Fault("an operation gave nothing".to_owned()))
}
