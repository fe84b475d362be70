//! Sends what is in the outbox through a mail server, on a thread of its own: requests never wait for it. What can't be
//! sent now is tried again, what can't be sent at all is kept with the reason. Knows nothing of requests.

use crate::metrics::Metrics;
use crate::site::Site;
use engine::caller::Caller;
use engine::mail::{self, Mail};
use engine::refusal::Refusal;
use http::Uri;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the outbox is looked into.
const LOOK: Duration = Duration::from_secs(1);
/// At most so many messages between two looks.
const AT_ONCE: usize = 50;
/// How long the mail server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// After so long a message is no use to anybody.
const TOO_OLD: Duration = Duration::from_secs(48 * 3600);

/// The mail server, and whom the mail is from.
#[derive(Clone)]
pub struct Smtp {
    transport: SmtpTransport,
    from: Mailbox,
    /// Before the second try of a message; each further wait is twice as long.
    pub first_wait: Duration,
    /// How often the outbox is looked into.
    pub look: Duration,
    /// What passes by on the way there is in the clear.
    pub in_the_clear: bool,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address of the server holds a password.
        write!(formatter, "Smtp(from {})", self.from)
    }
}

impl Smtp {
    /// From `smtps://user:password@host:465` (or `smtp://host:587?tls=required`) and `Helpdesk <desk@example.org>`.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the password.
    pub fn new(url: &str, from: &str) -> Result<Smtp, String> {
        let from: Mailbox = from
            .trim()
            .parse()
            .map_err(|error| format!("MAIL_FROM is no address like desk@example.org: {error}"))?;
        let address: Uri = url
            .trim()
            .parse()
            .map_err(|_| wrong_url("it can't be read"))?;
        let host = address.host().unwrap_or_default();
        if host.is_empty() {
            return Err(wrong_url("it names no host"));
        }
        let in_the_clear = match address.scheme_str() {
            Some("smtps") => false,
            Some("smtp") => !address
                .query()
                .is_some_and(|query| query.contains("tls=required")),
            _ => return Err(wrong_url("it begins with neither smtps:// nor smtp://")),
        };
        let here = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let transport = SmtpTransport::from_url(url.trim())
            .map_err(|error| wrong_url(&error.to_string()))?
            .hello_name(hello)
            .timeout(Some(PATIENCE))
            .build();
        Ok(Smtp {
            transport,
            from,
            first_wait: Duration::from_secs(30),
            look: LOOK,
            in_the_clear: in_the_clear && !here,
        })
    }

    /// From `SMTP_URL` and `MAIL_FROM` of the environment; none where no server is named.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_environment() -> Result<Option<Smtp>, String> {
        let given = |name: &str| {
            std::env::var(name)
                .ok()
                .filter(|text| !text.trim().is_empty())
        };
        match (given("SMTP_URL"), given("MAIL_FROM")) {
            (Some(url), Some(from)) => Smtp::new(&url, &from).map(Some),
            (Some(_), None) => Err(
                "SMTP_URL is set, but not MAIL_FROM, the address that mail comes from".to_owned(),
            ),
            (None, _) => Ok(None),
        }
    }

    /// The message as it goes out. Sent a second time it is the same message, so that a mail box can tell.
    fn compose(&self, site: &Site, mail: &Mail) -> Result<Message, String> {
        let to = mail.to.parse().map_err(|error| format!("{error}"))?;
        let to = Mailbox::new(None, to);
        let mut id = String::new();
        let digest = Sha256::digest(format!(
            "{} {} {} {}",
            site.app.name, mail.id, mail.at, mail.to
        ));
        for byte in digest.iter().take(16) {
            let _ = write!(id, "{byte:02x}");
        }
        let mut text = mail.text.trim_end().to_owned();
        if let Some(path) = &mail.path {
            let gap = if text.is_empty() { "" } else { "\n\n" };
            let _ = write!(text, "{gap}{}", site.link(path));
        }
        text.push('\n');
        let written = u64::try_from(mail.at).unwrap_or(0);
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.as_str())
            .date(std::time::UNIX_EPOCH + Duration::from_millis(written))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())
    }
}

fn wrong_url(why: &str) -> String {
    format!("SMTP_URL is no address like smtps://user:password@mail.example.org:465: {why}")
}

/// What came of a try.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The mail server has it.
    Sent,
    /// Not now; the server is there, others may go.
    Later(String),
    /// Not now, and nothing else either.
    Away(String),
    /// Never.
    Never(String),
}

fn outcome(result: Result<(), Error>) -> Outcome {
    let Err(error) = result else {
        return Outcome::Sent;
    };
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            let _ = write!(text, ": {inner_text}");
        }
        cause = inner.source();
    }
    let status = error.status().map(u16::from);
    match status {
        // Who may send is a matter between this program and its server, not of the message.
        Some(421 | 454 | 530 | 534 | 535 | 538) | None => Outcome::Away(text),
        Some(_) if error.is_permanent() => Outcome::Never(text),
        Some(_) => Outcome::Later(text),
    }
}

/// The thread that sends; ended by [`Mailer::stop`] or with the last handle.
pub struct Mailer {
    stopping: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Mailer {
    /// Begins to send what this site leaves in its outbox.
    ///
    /// # Errors
    /// Where the thread can't be started.
    pub fn start(site: Site, smtp: Smtp) -> std::io::Result<Mailer> {
        let stopping = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopping);
        let thread = std::thread::Builder::new()
            .name("mail".to_owned())
            .spawn(move || {
                Postman {
                    site,
                    smtp,
                    flag,
                    sent: BTreeSet::new(),
                    pause: Duration::ZERO,
                }
                .work()
            })?;
        Ok(Mailer {
            stopping,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Ends after the message that is on its way.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Drop for Mailer {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Postman {
    site: Site,
    smtp: Smtp,
    flag: Arc<AtomicBool>,
    /// The server has these, but the store does not know yet.
    sent: BTreeSet<i64>,
    /// The server is away: how long it is left alone.
    pause: Duration,
}

impl Postman {
    fn work(mut self) {
        while !self.stops() {
            if let Err(refusal) = self.round() {
                tracing::error!(?refusal, "the outbox can't be looked into");
            }
            if !self.stops() {
                std::thread::park_timeout(self.smtp.look.max(self.pause));
            }
        }
    }

    fn stops(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    fn metrics(&self) -> &Metrics {
        &self.site.metrics
    }

    fn round(&mut self) -> Result<(), Refusal> {
        let due = self.site.engine.read(|r| mail::due(r, AT_ONCE))?;
        for mail in due {
            if self.stops() {
                break;
            }
            if self.deliver(&mail)? {
                break;
            }
        }
        Ok(())
    }

    /// Tries one message; says whether the server is better left alone for a while.
    fn deliver(&mut self, mail: &Mail) -> Result<bool, Refusal> {
        let engine = &self.site.engine;
        let id = mail.id;
        let outcome = if self.sent.contains(&id) {
            Outcome::Sent
        } else if self.is_too_old(mail) {
            let last = mail.problem.as_deref().unwrap_or("it was never tried");
            Outcome::Never(format!("not sent within two days; {last}"))
        } else {
            match self.smtp.compose(&self.site, mail) {
                Ok(message) => outcome(self.smtp.transport.send(&message).map(|_| ())),
                Err(problem) => Outcome::Never(problem),
            }
        };
        match outcome {
            Outcome::Sent => {
                // Whatever becomes of the store, this message does not go out a second time.
                self.sent.insert(id);
                engine.blocking_write(Caller::SYSTEM, move |w| mail::sent(w, id))?;
                self.sent.remove(&id);
                self.pause = Duration::ZERO;
                self.metrics().mail_sent();
                tracing::info!(mail = id, tries = mail.tries + 1, "mail sent");
                Ok(false)
            }
            Outcome::Never(problem) => {
                tracing::error!(mail = id, tries = mail.tries + 1, problem, "mail given up");
                self.metrics().mail_failed();
                engine.blocking_write(Caller::SYSTEM, move |w| mail::give_up(w, id, &problem))?;
                Ok(false)
            }
            Outcome::Later(problem) => {
                self.put_off(mail, problem)?;
                Ok(false)
            }
            Outcome::Away(problem) => {
                self.pause = (self.pause * 2).clamp(self.smtp.look, Duration::from_secs(60));
                self.put_off(mail, problem)?;
                Ok(true)
            }
        }
    }

    fn put_off(&self, mail: &Mail, problem: String) -> Result<(), Refusal> {
        let wait = self
            .smtp
            .first_wait
            .saturating_mul(1 << mail.tries.min(16))
            .min(LONGEST_WAIT);
        tracing::warn!(
            mail = mail.id,
            tries = mail.tries + 1,
            problem,
            wait_s = wait.as_secs(),
            "mail not sent yet"
        );
        self.metrics().mail_put_off();
        let (id, wait) = (mail.id, i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        self.site.engine.blocking_write(Caller::SYSTEM, move |w| {
            mail::put_off(w, id, wait, &problem)
        })
    }

    fn is_too_old(&self, mail: &Mail) -> bool {
        let (now, _) = self.site.engine.now();
        now.saturating_sub(mail.at) > i64::try_from(TOO_OLD.as_millis()).unwrap_or(i64::MAX)
    }
}
