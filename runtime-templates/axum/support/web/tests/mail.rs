//! Mail really goes out: through a mail server over loopback that takes it, puts it off, refuses it, or hangs up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod desk;

use desk::Desk;
use serde_json::json;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use web::{Mailer, Options, Smtp};

/// What the server does with the next message.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// Takes it.
    Take,
    /// Answers the recipient with this.
    Recipient(&'static str),
    /// Hangs up before it says a word.
    Silence,
    /// Reads it all and hangs up before it says that it has it.
    HangUp,
}

/// A mail server. It takes what nobody told it to treat otherwise.
struct Server {
    address: SocketAddr,
    next: Arc<Mutex<VecDeque<Next>>>,
    /// Every message whose end it saw.
    messages: Receiver<String>,
    /// Every recipient it was asked about.
    recipients: Receiver<String>,
}

impl Server {
    fn start(next: &[Next]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let next = Arc::new(Mutex::new(next.iter().copied().collect::<VecDeque<_>>()));
        let ((message, messages), (recipient, recipients)) = (channel(), channel());
        let script = Arc::clone(&next);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = talk(&stream, &script, &message, &recipient);
            }
        });
        Server {
            address,
            next,
            messages,
            recipients,
        }
    }

    fn smtp(&self) -> Smtp {
        let url = format!("smtp://{}", self.address);
        let mut smtp = Smtp::new(&url, "The Desk <desk@example.org>").unwrap();
        (smtp.first_wait, smtp.look) = (Duration::from_millis(10), Duration::from_millis(5));
        smtp
    }

    fn message(&self) -> String {
        self.messages.recv_timeout(Duration::from_secs(60)).unwrap()
    }
}

fn talk(
    stream: &TcpStream,
    next: &Mutex<VecDeque<Next>>,
    message: &Sender<String>,
    recipient: &Sender<String>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut out = stream;
    let now = || next.lock().unwrap().front().copied().unwrap_or(Next::Take);
    let done = || next.lock().unwrap().pop_front();
    if matches!(now(), Next::Silence) {
        done();
        return Ok(());
    }
    out.write_all(b"220 mail.example.org ready\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let answer = match line.split([' ', ':']).next().unwrap_or("") {
            "EHLO" => "250-mail.example.org\r\n250 8BITMIME",
            "RCPT" => {
                let _ = recipient.send(line.clone());
                match now() {
                    Next::Recipient(answer) => {
                        done();
                        answer
                    }
                    _ => "250 fine",
                }
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut text = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                let _ = message.send(text);
                if matches!(done(), Some(Next::HangUp)) {
                    return Ok(());
                }
                "250 taken"
            }
            "QUIT" => {
                out.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 fine",
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

fn desk(smtp: &Smtp) -> Desk {
    let options = Options {
        dev: true,
        smtp: Some(smtp.clone()),
        ..Options::default()
    };
    Desk::with(options, &desk::app::DESK)
}

/// The fate of all mail so far, by number: tries, whether it was sent, whether it was given up, what was wrong.
fn fates(desk: &Desk) -> Vec<(u32, bool, bool, String)> {
    desk.engine
        .read(|r| {
            let mut statement = r.prepare(
                "SELECT tries, sent IS NOT NULL, failed IS NOT NULL, ifnull(problem, '') FROM mail ORDER BY id",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .unwrap()
}

/// Looks until it is so.
fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::yield_now();
    }
}

fn forget_password(desk: &Desk) {
    let answer = desk.visitor().post(
        "/api/password-reset",
        &json!({ "email": "ana@example.com" }),
    );
    assert!(answer.status < 300, "{}", answer.body);
}

fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let line = message
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {message}"))
}

#[test]
fn a_link_to_a_new_password_is_sent_once() {
    let server = Server::start(&[]);
    let desk = desk(&server.smtp());
    desk.person("Ana", &[]);
    let _mailer = Mailer::start(desk.site.clone(), server.smtp()).unwrap();
    forget_password(&desk);
    let message = server.message();
    assert_eq!(header(&message, "To"), "ana@example.com");
    assert_eq!(header(&message, "From"), "\"The Desk\" <desk@example.org>");
    assert!(header(&message, "Message-ID").ends_with("@example.org>"));
    assert_eq!(header(&message, "Auto-Submitted"), "auto-generated");
    assert!(message.contains("/link/"), "{message}");
    let sent = || {
        fates(&desk)
            .iter()
            .all(|fate| *fate == (1, true, false, String::new()))
            .then_some(())
    };
    until(sent);
    // A second one goes out by itself, and the first does not go out again.
    forget_password(&desk);
    let second = server.message();
    assert_ne!(
        header(&second, "Message-ID"),
        header(&message, "Message-ID")
    );
    until(|| (fates(&desk).len() == 2).then_some(()));
    until(sent);
    assert!(server.messages.try_recv().is_err());
    let mut visitor = desk.visitor();
    let metrics = visitor.get("/metrics").body;
    assert!(
        metrics.contains("mail_tries_total{outcome=\"sent\"} 2"),
        "{metrics}"
    );
    assert!(metrics.contains("mail_waiting 0"), "{metrics}");
    // What is really sent is no page any more.
    assert_eq!(visitor.get("/_outbox").status, 404);
}

#[test]
fn what_is_put_off_is_tried_again() {
    let later = Next::Recipient("451 come back later");
    let server = Server::start(&[later, later]);
    let desk = desk(&server.smtp());
    desk.person("Ana", &[]);
    let _mailer = Mailer::start(desk.site.clone(), server.smtp()).unwrap();
    forget_password(&desk);
    server.message();
    until(|| (fates(&desk) == [(3, true, false, String::new())]).then_some(()));
    assert!(server.messages.try_recv().is_err());
    let metrics = desk.visitor().get("/metrics").body;
    assert!(
        metrics.contains("mail_tries_total{outcome=\"put_off\"} 2"),
        "{metrics}"
    );
}

#[test]
fn what_is_refused_stays_with_the_reason() {
    let server = Server::start(&[Next::Recipient("550 no such mail box")]);
    let desk = desk(&server.smtp());
    desk.person("Ana", &[]);
    let _mailer = Mailer::start(desk.site.clone(), server.smtp()).unwrap();
    forget_password(&desk);
    let fate = until(|| fates(&desk).into_iter().find(|fate| fate.2));
    assert!(
        fate.0 == 1 && !fate.1 && fate.3.contains("no such mail box"),
        "{fate:?}"
    );
    // The next one passes, and nobody asked for the first again meanwhile.
    forget_password(&desk);
    server.message();
    until(|| fates(&desk)[1].1.then_some(()));
    assert_eq!(server.recipients.try_iter().count(), 2);
    let metrics = desk.visitor().get("/metrics").body;
    assert!(metrics.contains("mail_given_up 1"), "{metrics}");
}

#[test]
fn a_connection_that_is_cut_loses_nothing() {
    let server = Server::start(&[Next::Silence, Next::Silence, Next::HangUp]);
    let desk = desk(&server.smtp());
    desk.person("Ana", &[]);
    let _mailer = Mailer::start(desk.site.clone(), server.smtp()).unwrap();
    forget_password(&desk);
    // The server had it, but never said so: it gets the same message again, and can tell.
    let (first, second) = (server.message(), server.message());
    assert_eq!(first, second);
    until(|| (fates(&desk) == [(4, true, false, String::new())]).then_some(()));
    assert!(server.messages.try_recv().is_err());
    assert!(server.next.lock().unwrap().is_empty());
}

#[test]
fn nobody_waits_for_a_mail_server_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let mut smtp = Smtp::new(&url, "desk@example.org").unwrap();
    smtp.look = Duration::from_millis(5);
    let desk = desk(&smtp);
    desk.person("Ana", &[]);
    let mailer = Mailer::start(desk.site.clone(), smtp).unwrap();
    forget_password(&desk);
    let (held, _) = listener.accept().unwrap();
    // The mailer hangs on the line; people do not.
    desk.person("Bob", &[]);
    forget_password(&desk);
    assert_eq!(desk.visitor().get("/healthz").status, 200);
    drop((held, listener));
    mailer.stop();
    assert!(fates(&desk).iter().all(|fate| !fate.1 && !fate.2));
}

#[test]
fn what_is_wrong_with_the_settings_is_said_without_the_password() {
    for (url, from, sign) in [
        (
            "smtps://desk:secret@mail.example.org:465",
            "nobody",
            "MAIL_FROM",
        ),
        (
            "https://desk:secret@mail.example.org",
            "desk@example.org",
            "smtps://",
        ),
        ("smtps://", "desk@example.org", "SMTP_URL"),
        ("not an address", "desk@example.org", "SMTP_URL"),
        (
            "smtp://desk:secret@mail.example.org:99999",
            "desk@example.org",
            "SMTP_URL",
        ),
    ] {
        let problem = Smtp::new(url, from).unwrap_err();
        assert!(
            problem.contains(sign) && !problem.contains("secret"),
            "{problem}"
        );
    }
    let smtp = Smtp::new(
        "smtps://desk:secret@mail.example.org:465",
        "desk@example.org",
    )
    .unwrap();
    assert!(!format!("{smtp:?}").contains("secret") && !smtp.in_the_clear);
    let clear = |url: &str| Smtp::new(url, "desk@example.org").unwrap().in_the_clear;
    assert!(clear("smtp://mail.example.org:587"));
    assert!(!clear("smtp://mail.example.org:587?tls=required"));
    assert!(!clear("smtp://127.0.0.1:1025"));
}

#[test]
fn the_outbox_is_a_page_for_this_machine_only() {
    let shown = |change: fn(&mut Options)| {
        let mut options = Options {
            dev: true,
            ..Options::default()
        };
        change(&mut options);
        Desk::with(options, &desk::app::DESK)
            .visitor()
            .get("/_outbox")
            .status
            == 200
    };
    assert!(shown(|_| ()));
    assert!(!shown(|options| options.dev = false));
    assert!(!shown(|options| options.exposed = true));
    assert!(!shown(|options| options.behind_proxy = true));
}
