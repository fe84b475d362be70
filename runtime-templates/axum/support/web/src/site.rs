//! What every request shares: the app, its store, the sessions in memory, limits and counters.

use crate::accounts::password::Hashing;
use crate::mailer::Smtp;
use crate::metrics::Metrics;
use crate::paths::{self, OwnPath};
use crate::results::Results;
use crate::session::Sessions;
use crate::throttle::Throttle;
use bytes::Bytes;
use engine::Engine;
use engine::def::{App, Entity};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// How the app is served.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Development: the outbox is a page (see [`Options::shows_outbox`]), nothing is slowed down for safety's sake.
    pub dev: bool,
    /// What people type, `https://desk.example.org`: goes into links in mail; `https` switches on secure cookies.
    pub public_url: Option<String>,
    /// Names the app answers to; empty means any.
    pub hosts: Vec<String>,
    /// A proxy in front says who asks (`X-Forwarded-For`, `X-Forwarded-Proto`).
    pub behind_proxy: bool,
    /// Others than this machine can reach the app.
    pub exposed: bool,
    /// The mail server; without one mail stays in the outbox.
    pub smtp: Option<Smtp>,
}

impl Options {
    /// The outbox is a page: in development, for this machine alone, and only as long as nothing is really sent.
    #[must_use]
    pub fn shows_outbox(&self) -> bool {
        self.dev && !self.exposed && !self.behind_proxy && self.smtp.is_none()
    }

    /// The public address begins with `https`.
    #[must_use]
    pub fn public_https(&self) -> bool {
        self.public_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    }
}

/// The router's state; clones share everything.
#[derive(Clone)]
pub struct Site(Arc<Shared>);

/// What all clones of a [`Site`] share.
pub struct Shared {
    /// The description of the app.
    pub app: &'static App,
    /// Its store.
    pub engine: Engine,
    /// How it is served.
    pub options: Options,
    /// Sessions and tokens in memory.
    pub sessions: Sessions,
    /// Bounded work on passwords.
    pub hashing: Hashing,
    /// Bounded work on the passwords that rows hold.
    pub field_hashing: Hashing,
    /// Who tried how often.
    pub throttle: Throttle,
    /// What operations answered people a moment ago.
    pub results: Results,
    /// Counters.
    pub metrics: Metrics,
    /// Addresses that actions have of their own.
    pub paths: Vec<OwnPath>,
    /// The description of the JSON interface, once it was asked for.
    pub openapi: OnceLock<Bytes>,
}

impl Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Site {
    /// Serves this store.
    #[must_use]
    pub fn new(engine: Engine, options: Options) -> Site {
        let app = engine.app;
        let dynamic_roles = app.roles.iter().any(|role| !role.when.is_empty());
        Site(Arc::new(Shared {
            app,
            engine,
            options,
            sessions: Sessions::new(!dynamic_roles),
            hashing: Hashing::new(),
            field_hashing: Hashing::for_fields(),
            throttle: Throttle::new(),
            results: Results::default(),
            metrics: Metrics::new(),
            paths: paths::all(app),
            openapi: OnceLock::new(),
        }))
    }

    /// An address for mail: the public one, or the one that was asked.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        let base = self
            .options
            .public_url
            .as_deref()
            .unwrap_or("http://127.0.0.1:3000");
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// A row of this entity was written: what is remembered of people may be out of date.
    pub fn wrote(&self, entity: &Entity) {
        let hooked =
            entity.on_create.is_some() || entity.on_update.is_some() || entity.on_delete.is_some();
        if entity.index == 0 || hooked {
            self.sessions.forget_all();
        }
    }

    /// An operation with effects of its own ran.
    pub fn wrote_anything(&self) {
        self.sessions.forget_all();
    }
}
