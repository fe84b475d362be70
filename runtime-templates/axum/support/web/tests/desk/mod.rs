//! A small desk, served over loopback, and a client that speaks HTTP to it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod app;
pub mod client;

pub use client::Client;

use engine::Engine;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use web::{Options, Site};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A served desk; its folder goes with it.
pub struct Desk {
    pub address: SocketAddr,
    pub engine: Engine,
    pub site: Site,
    folder: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Desk {
    pub fn open() -> Desk {
        Desk::with(
            Options {
                dev: true,
                ..Options::default()
            },
            &app::DESK,
        )
    }

    pub fn with(options: Options, app: &'static engine::def::App) -> Desk {
        let folder = std::env::temp_dir().join(format!(
            "web-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = engine::Options {
            path: folder.join("app.db"),
            readers: 2,
            ..engine::Options::default()
        };
        let engine = Engine::open(app, &settings).unwrap();
        web::accounts::prepare(&engine).unwrap();
        let site = Site::new(engine.clone(), options);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = site.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stop = async {
                    let _ = stopped.await;
                };
                web::server::serve(served, listener, stop).await.unwrap();
            });
        });
        Desk {
            address,
            engine,
            site,
            folder,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Somebody without an account.
    pub fn visitor(&self) -> Client {
        Client::new(self.address)
    }

    /// Signs somebody up and gives them a token.
    pub fn person(&self, name: &str, roles: &[&str]) -> Client {
        let mut client = self.visitor();
        let email = format!("{}@example.com", name.to_lowercase());
        let body = serde_json::json!({ "email": email, "password": PASSWORD, "name": name });
        let answer = client.post("/api/sign-up", &body);
        assert_eq!(answer.status, 201, "{}", answer.body);
        if !roles.is_empty() {
            let id = answer.json()["id"].as_i64().unwrap();
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            self.engine
                .blocking_write(engine::caller::Caller::SYSTEM, move |writer| {
                    for role in roles {
                        writer.execute(
                            "INSERT OR IGNORE INTO user_role (user_id, role) VALUES (?1, ?2)",
                            (id, role),
                        )?;
                    }
                    Ok(())
                })
                .unwrap();
            self.site.sessions.forget_all();
        }
        let token = client.post(
            "/api/tokens",
            &serde_json::json!({ "email": email, "password": PASSWORD }),
        );
        assert_eq!(token.status, 201, "{}", token.body);
        client.token = Some(token.json()["token"].as_str().unwrap().to_owned());
        client.cookie = None;
        client
    }

    /// The newest mail to this address.
    pub fn mail(&self, address: &str) -> Option<String> {
        let mails = self
            .engine
            .read(|reader| engine::mail::outbox(reader, 100))
            .unwrap();
        mails
            .into_iter()
            .find(|mail| mail.to == address)
            .map(|mail| mail.text)
    }

    /// The one-time token in the newest mail to this address.
    pub fn link(&self, address: &str) -> String {
        let text = self.mail(address).expect("a mail");
        let at = text.find("/link/").expect("a link") + "/link/".len();
        text[at..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect()
    }
}

pub const PASSWORD: &str = "correct horse battery";

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
