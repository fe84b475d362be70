//! A desk app written by hand: users, tags, tickets with a lifecycle, rules and a set, comments as their parts.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use engine::caller::Caller;
use engine::def::{
    ALL, Accounts, Action, Answer, App, Check, Computed, Entity, Field, FieldDefault, Fields,
    Grant, Grants, Hook, Input, OnDelete, Returns, Role, Rule, RuleOn, Step, WatchedRows, Watcher,
};
use engine::operation::{Authority, Operation, To};
use engine::refusal::Refusal;
use engine::sign::At;
use engine::{Engine, Options};
use kernel::kind::{Choice, Kind};
use kernel::value::Value;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub const USER: usize = 0;
pub const TAG: usize = 1;
pub const TICKET: usize = 2;
pub const COMMENT: usize = 3;

pub const CUSTOMER: u64 = 1;
pub const AGENT: u64 = 2;
pub const ADMIN: u64 = 4 | 2;

pub const SUBJECT: usize = 0;
pub const SLUG: usize = 1;
pub const NUMBER: usize = 2;
pub const STATUS: usize = 3;
pub const PRIORITY: usize = 4;
pub const REQUESTER: usize = 5;
pub const ASSIGNEE: usize = 6;
pub const DUE: usize = 7;
pub const PRICE: usize = 8;
pub const TAGS: usize = 9;
pub const SECRET_NOTE: usize = 10;
pub const COMMENTS: usize = 11;
pub const SOLVED_AT: usize = 12;
pub const CODE: usize = 13;
pub const WORDS: usize = 14;

pub const TEXT: usize = 2;

const STATUSES: &[Choice] = &[
    Choice {
        value: "open",
        label: "Open",
    },
    Choice {
        value: "pending",
        label: "Pending",
    },
    Choice {
        value: "solved",
        label: "Solved",
    },
];
const PRIORITIES: &[Choice] = &[
    Choice {
        value: "low",
        label: "Low",
    },
    Choice {
        value: "normal",
        label: "Normal",
    },
    Choice {
        value: "high",
        label: "High",
    },
];

const fn f(index: usize) -> Fields {
    1 << index
}

fn always(fields: Fields) -> Grant {
    Grant { when: "", fields }
}

fn nobody(_: &Caller) -> Grants {
    Vec::new()
}

fn signed_in(caller: &Caller) -> Grants {
    if caller.signed_in() {
        vec![always(ALL)]
    } else {
        Vec::new()
    }
}

static USERS: Entity = Entity {
    index: USER,
    name: "User",
    plural: "Users",
    slug: "users",
    table: "user",
    about: "",
    fields: &[
        Field {
            required: true,
            length: (Some(1), Some(100)),
            searchable: true,
            ..Field::new("name", "Name", Kind::Text)
        },
        Field {
            required: true,
            unique: true,
            ..Field::new("email", "E-mail", Kind::Email)
        },
    ],
    shown_as: Some(0),
    parent: None,
    tenant: engine::def::Tenant::Nobody,
    read: |caller| {
        if caller.roles & AGENT != 0 {
            vec![always(ALL)]
        } else if caller.signed_in() {
            vec![Grant {
                when: "t.\"id\" = :me",
                fields: ALL,
            }]
        } else {
            Vec::new()
        }
    },
    create: nobody,
    update: |caller| {
        if caller.signed_in() {
            vec![Grant {
                when: "t.\"id\" = :me",
                fields: f(0),
            }]
        } else {
            Vec::new()
        }
    },
    delete: |caller| {
        if caller.signed_in() {
            vec![Grant {
                when: "t.\"id\" = :me",
                fields: ALL,
            }]
        } else {
            Vec::new()
        }
    },
    steps: &[],
    actions: &[],
    rules: &[],
    watchers: &[],
    on_create: None,
    on_update: None,
    on_delete: None,
    computed: &[],
    source: "",
};

static TAGS_ENTITY: Entity = Entity {
    index: TAG,
    name: "Tag",
    plural: "Tags",
    slug: "tags",
    table: "tag",
    about: "",
    fields: &[
        Field {
            required: true,
            unique: true,
            ..Field::new("word", "Word", Kind::Text)
        },
        Field {
            ..Field::new("hidden", "Hidden", Kind::Bool)
        },
    ],
    shown_as: Some(0),
    parent: None,
    tenant: engine::def::Tenant::Nobody,
    read: |caller| {
        if caller.roles & AGENT != 0 {
            vec![always(ALL)]
        } else {
            vec![Grant {
                when: "t.\"hidden\" IS NOT 1",
                fields: ALL,
            }]
        }
    },
    create: signed_in,
    update: signed_in,
    delete: signed_in,
    steps: &[],
    actions: &[],
    rules: &[],
    watchers: &[],
    on_create: None,
    on_update: None,
    on_delete: None,
    computed: &[],
    source: "",
};

fn ticket_read(caller: &Caller) -> Grants {
    let mut grants = Vec::new();
    if caller.roles & AGENT != 0 {
        grants.push(always(ALL));
    }
    if caller.signed_in() {
        let own = ALL & !f(PRICE);
        grants.push(Grant {
            when: "t.\"requester\" = :me",
            fields: own,
        });
        grants.push(Grant {
            when: "t.\"assignee\" = :me AND t.\"status\" = 'open'",
            fields: f(SUBJECT) | f(STATUS) | f(PRICE),
        });
    }
    grants
}

fn high_has_due(op: &Operation<'_>) -> Result<bool, Refusal> {
    let high = matches!(op.this.value(PRIORITY), Value::Text(text) if text == "high");
    Ok(!high || !op.this.value(DUE).is_empty())
}

fn ticket_update(caller: &Caller) -> Grants {
    let mut grants = Vec::new();
    if caller.roles & AGENT != 0 {
        grants.push(always(
            f(PRIORITY) | f(ASSIGNEE) | f(DUE) | f(PRICE) | f(SOLVED_AT),
        ));
    }
    if caller.signed_in() {
        grants.push(Grant {
            when: "t.\"requester\" = :me AND t.\"status\" = 'open'",
            fields: f(SUBJECT) | f(TAGS) | f(DUE) | f(PRIORITY),
        });
    }
    grants
}

static TICKETS: Entity = Entity {
    index: TICKET,
    name: "Ticket",
    plural: "Tickets",
    slug: "tickets",
    table: "ticket",
    about: "",
    fields: &[
        Field {
            required: true,
            length: (Some(3), Some(40)),
            searchable: true,
            ..Field::new("subject", "Subject", Kind::Text)
        },
        Field {
            unique: true,
            ..Field::new("slug", "Slug", Kind::Slug(SUBJECT))
        },
        Field {
            unique: true,
            read_only: true,
            default: FieldDefault::Next("T-{year}-{0000}"),
            ..Field::new("number", "Number", Kind::Text)
        },
        Field {
            required: true,
            lifecycle: true,
            default: FieldDefault::Value(|_| Value::Text("open".to_owned())),
            ..Field::new("status", "Status", Kind::Choice(STATUSES))
        },
        Field {
            default: FieldDefault::Value(|_| Value::Text("normal".to_owned())),
            ..Field::new("priority", "Priority", Kind::Choice(PRIORITIES))
        },
        Field {
            required: true,
            fixed: true,
            default: FieldDefault::Me,
            on_delete: OnDelete::Refuse,
            ..Field::new("requester", "Requester", Kind::Reference(USER))
        },
        Field {
            ..Field::new("assignee", "Assignee", Kind::Reference(USER))
        },
        Field {
            ..Field::new("due", "Due", Kind::Date)
        },
        Field {
            bounds: (Some(0), Some(100_000)),
            ..Field::new("price", "Price", Kind::Money)
        },
        Field {
            ..Field::new("tags", "Tags", Kind::Many(TAG, "ticket_tags"))
        },
        Field {
            private: true,
            default: FieldDefault::Random(16),
            ..Field::new("secret_note", "Secret note", Kind::Text)
        },
        Field {
            computed: true,
            ..Field::new("comments", "Comments", Kind::Integer)
        },
        Field {
            read_only: true,
            ..Field::new("solved_at", "Solved at", Kind::Timestamp)
        },
        Field {
            pattern: Some("[A-Z]{2}[0-9]+"),
            ..Field::new("code", "Code", Kind::Text)
        },
        Field {
            ..Field::new("words", "Words", Kind::TextList)
        },
    ],
    shown_as: Some(SUBJECT),
    parent: None,
    tenant: engine::def::Tenant::Nobody,
    read: ticket_read,
    create: |caller| {
        if caller.roles & CUSTOMER != 0 {
            let fields = f(SUBJECT)
                | f(PRIORITY)
                | f(DUE)
                | f(TAGS)
                | f(CODE)
                | f(WORDS)
                | f(REQUESTER)
                | f(SLUG)
                | f(ASSIGNEE);
            vec![Grant {
                when: "t.\"requester\" = :me",
                fields,
            }]
        } else {
            Vec::new()
        }
    },
    update: ticket_update,
    delete: |caller| {
        if caller.roles & 4 != 0 {
            vec![Grant {
                when: "t.\"status\" = 'solved'",
                fields: ALL,
            }]
        } else {
            Vec::new()
        }
    },
    steps: &[
        Step {
            name: "Solve",
            slug: "solve",
            field: STATUS,
            from: &["open", "pending"],
            to: "solved",
            who: |caller| {
                if caller.roles & AGENT != 0 {
                    vec![always(ALL)]
                } else {
                    Vec::new()
                }
            },
            when: "t.\"assignee\" IS NOT NULL",
            otherwise: false,
            danger: false,
            inputs: &[Input {
                required: true,
                ..Input::new("reason", "Reason", Kind::Text)
            }],
            body: Some(Hook {
                requires: |op| {
                    let long = matches!(op.input("reason"), Value::Text(text) if text.chars().count() >= 4);
                    if op.has_inputs() {
                        op.require(long, "a-reason-says-something", "A reason says something.")?;
                    }
                    Ok(())
                },
                does: Some(|op| {
                    let now = op.now;
                    let id = op.this.id;
                    op.set(
                        TICKET,
                        Some(id),
                        SOLVED_AT,
                        Value::Int(now),
                        Authority::Caller,
                    )?;
                    let requester = kernel::logic::int(op.this.value(REQUESTER));
                    op.email(
                        To::User(requester),
                        "Solved: it is done\nThanks.".to_owned(),
                    );
                    Ok(())
                }),
            }),
            answer: Answer::ROW,
            source: "",
        },
        Step {
            name: "Reopen",
            slug: "reopen",
            field: STATUS,
            from: &["solved"],
            to: "open",
            who: |caller| {
                if caller.signed_in() {
                    vec![Grant {
                        when: "t.\"requester\" = :me",
                        fields: ALL,
                    }]
                } else {
                    Vec::new()
                }
            },
            when: "",
            otherwise: false,
            danger: false,
            inputs: &[],
            body: None,
            answer: Answer::ROW,
            source: "",
        },
    ],
    actions: &[
        Action {
            name: "Take over",
            slug: "take-over",
            about: "",
            who: |caller| {
                if caller.roles & AGENT != 0 {
                    vec![always(ALL)]
                } else {
                    Vec::new()
                }
            },
            danger: false,
            inputs: &[],
            body: Hook {
                requires: |op| {
                    let open =
                        !matches!(op.this.value(STATUS), Value::Text(text) if text == "solved");
                    op.require(
                        open,
                        "only-unsolved-tickets-can-be-taken-over",
                        "Only unsolved tickets can be taken over.",
                    )
                },
                does: Some(|op| {
                    let (id, me) = (op.this.id, op.caller.user);
                    op.set(
                        TICKET,
                        Some(id),
                        ASSIGNEE,
                        Value::from(me),
                        Authority::Caller,
                    )?;
                    let before = kernel::logic::int(op.old.value(ASSIGNEE));
                    op.email(To::User(before), "Taken over".to_owned());
                    Ok(())
                }),
            },
            answer: Answer::ROW,
            path: "",
            source: "",
        },
        Action {
            name: "Overreach",
            slug: "overreach",
            about: "",
            who: signed_in,
            danger: false,
            inputs: &[],
            body: Hook {
                requires: |_| Ok(()),
                does: Some(|op| {
                    let id = op.this.id;
                    op.set(
                        TICKET,
                        Some(id),
                        SUBJECT,
                        Value::from("before it is refused"),
                        Authority::System,
                    )?;
                    op.set(TICKET, Some(id), PRICE, Value::Int(1), Authority::Caller)
                }),
            },
            answer: Answer::ROW,
            path: "",
            source: "",
        },
        Action {
            name: "Try",
            slug: "try",
            about: "",
            who: signed_in,
            danger: false,
            inputs: &[],
            body: Hook {
                requires: |_| Ok(()),
                does: Some(|op| {
                    let id = op.this.id;
                    op.attempt(
                        |op| {
                            op.create(TAG, vec![(0, Value::from("tried"))], Authority::System)?;
                            op.set(TICKET, Some(id), PRICE, Value::Int(-1), Authority::System)
                        },
                        |op| {
                            op.create(TAG, vec![(0, Value::from("otherwise"))], Authority::System)
                                .map(|_| ())
                        },
                    )
                }),
            },
            answer: Answer::ROW,
            path: "",
            source: "",
        },
        Action {
            name: "Rush",
            slug: "rush",
            about: "",
            who: signed_in,
            danger: false,
            inputs: &[],
            body: Hook {
                requires: |_| Ok(()),
                does: Some(|op| {
                    let id = op.this.id;
                    op.attempt(
                        |op| {
                            let high = Value::from("high");
                            op.set(TICKET, Some(id), PRIORITY, high, Authority::System)
                        },
                        |op| {
                            op.create(TAG, vec![(0, Value::from("no rush"))], Authority::System)
                                .map(|_| ())
                        },
                    )
                }),
            },
            answer: Answer::ROW,
            path: "",
            source: "",
        },
        Action {
            name: "Assign",
            slug: "assign",
            about: "",
            who: signed_in,
            danger: false,
            inputs: &[Input {
                required: true,
                ..Input::new("tag", "Tag", Kind::Reference(TAG))
            }],
            body: Hook {
                requires: |_| Ok(()),
                does: None,
            },
            answer: Answer::ROW,
            path: "",
            source: "",
        },
    ],
    rules: &[
        Rule {
            id: "a-high-priority-ticket-has-a-due-date",
            sentence: "A high-priority ticket has a due date.",
            fields: &["priority", "due"],
            on: RuleOn::Always,
            check: Check::Code(high_has_due),
            source: "",
        },
        Rule {
            id: "a-ticket-is-due-today-or-later-when-it-is-filed",
            sentence: "A ticket is due today or later when it is filed.",
            fields: &[],
            on: RuleOn::Create,
            check: Check::Sql("t.\"due\" IS NULL OR t.\"due\" >= :today"),
            source: "",
        },
        Rule {
            id: "a-ticket-has-at-most-three-comments",
            sentence: "A ticket has at most three comments.",
            fields: &[],
            on: RuleOn::Always,
            check: Check::Sql("(SELECT count(*) FROM comment WHERE ticket = t.\"id\") <= 3"),
            source: "",
        },
        Rule {
            id: "only-cheap-tickets-go",
            sentence: "Only cheap tickets go.",
            fields: &[],
            on: RuleOn::Delete,
            check: Check::Sql("t.\"price\" IS NULL OR t.\"price\" < 1000"),
            source: "",
        },
    ],
    watchers: &[],
    on_create: None,
    on_update: None,
    on_delete: None,
    computed: &[Computed {
        field: COMMENTS,
        sql: "(SELECT count(*) FROM comment c WHERE c.ticket = t.\"id\")",
    }],
    source: "",
};

static COMMENTS_ENTITY: Entity = Entity {
    index: COMMENT,
    name: "Comment",
    plural: "Comments",
    slug: "comments",
    table: "comment",
    about: "",
    fields: &[
        Field {
            required: true,
            fixed: true,
            on_delete: OnDelete::Cascade,
            ..Field::new("ticket", "Ticket", Kind::Reference(TICKET))
        },
        Field {
            fixed: true,
            required: true,
            default: FieldDefault::Me,
            on_delete: OnDelete::Keep,
            ..Field::new("author", "Author", Kind::Reference(USER))
        },
        Field {
            required: true,
            ..Field::new("text", "Text", Kind::Markdown)
        },
    ],
    shown_as: Some(TEXT),
    parent: Some(0),
    tenant: engine::def::Tenant::Nobody,
    read: |caller| {
        if caller.signed_in() {
            vec![Grant {
                when: "EXISTS (SELECT 1 FROM ticket r WHERE r.id = t.ticket AND (r.requester = :me OR (:roles & 2) <> 0))",
                fields: ALL,
            }]
        } else {
            Vec::new()
        }
    },
    create: |caller| {
        if caller.signed_in() {
            vec![Grant {
                when: "EXISTS (SELECT 1 FROM ticket r WHERE r.id = t.ticket AND (r.requester = :me OR (:roles & 2) <> 0))",
                fields: f(TEXT),
            }]
        } else {
            Vec::new()
        }
    },
    update: nobody,
    delete: nobody,
    steps: &[],
    actions: &[],
    rules: &[],
    watchers: &[Watcher {
        entity: TICKET,
        rules: &["a-ticket-has-at-most-three-comments"],
        rows: WatchedRows::Field(0),
    }],
    on_create: Some(Hook {
        requires: |op| {
            let solved = op.truth(
                "SELECT status = 'solved' FROM ticket WHERE id = :p0",
                &[(":p0", op.this.value(0).clone())],
            )?;
            op.require(
                !solved,
                "solved-tickets-are-closed",
                "Solved tickets are closed.",
            )
        },
        does: Some(|op| {
            let ticket = kernel::logic::int(op.this.value(0));
            let words = op.this.value(TEXT).clone();
            if matches!(&words, Value::Text(text) if text.contains("urgent")) {
                op.set(TICKET, ticket, DUE, Value::Int(op.today), Authority::System)?;
            }
            Ok(())
        }),
    }),
    on_update: None,
    on_delete: None,
    computed: &[],
    source: "",
};

pub static SCHEMA: &str = r#"
CREATE TABLE "user" (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    version INTEGER NOT NULL, name TEXT, email TEXT) STRICT;
CREATE UNIQUE INDEX user_email ON "user" (email);
CREATE TABLE tag (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    version INTEGER NOT NULL, word TEXT, hidden INTEGER) STRICT;
CREATE UNIQUE INDEX tag_word ON tag (word);
CREATE TABLE ticket (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    version INTEGER NOT NULL, subject TEXT, slug TEXT, number TEXT, status TEXT, priority TEXT,
    requester INTEGER REFERENCES "user" (id), assignee INTEGER REFERENCES "user" (id), due INTEGER, price INTEGER,
    secret_note TEXT, solved_at INTEGER, code TEXT, words TEXT) STRICT;
CREATE UNIQUE INDEX ticket_slug ON ticket (slug);
CREATE UNIQUE INDEX ticket_number ON ticket (number);
CREATE INDEX ticket_requester ON ticket (requester, id);
CREATE INDEX ticket_assignee ON ticket (assignee, id);
CREATE TABLE ticket_tags (owner INTEGER NOT NULL, item INTEGER NOT NULL, PRIMARY KEY (owner, item)) WITHOUT ROWID;
CREATE INDEX ticket_tags_item ON ticket_tags (item);
CREATE TABLE comment (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    version INTEGER NOT NULL, ticket INTEGER REFERENCES ticket (id), author INTEGER REFERENCES "user" (id),
    text TEXT) STRICT;
CREATE INDEX comment_ticket ON comment (ticket);
CREATE INDEX comment_author ON comment (author);
"#;

pub static APP: App = App {
    name: "Desk",
    about: "",
    language: "en",
    time_zone: "UTC",
    currency: "EUR",
    currency_digits: 2,
    roles: &[
        Role {
            name: "Customer",
            slug: "customer",
            about: "",
            sign_up: true,
            includes: CUSTOMER,
            when: "",
        },
        Role {
            name: "Agent",
            slug: "agent",
            about: "",
            sign_up: false,
            includes: AGENT,
            when: "",
        },
        Role {
            name: "Admin",
            slug: "admin",
            about: "",
            sign_up: false,
            includes: ADMIN,
            when: "",
        },
        Role {
            name: "Famous",
            slug: "famous",
            about: "",
            sign_up: false,
            includes: 8,
            when: "t.\"name\" = 'Ana'",
        },
    ],
    accounts: Accounts {
        sign_up: true,
        password_min: 10,
        confirm_email: false,
        session_days: 14,
    },
    entities: &[&USERS, &TAGS_ENTITY, &TICKETS, &COMMENTS_ENTITY],
    actions: &[Action {
        name: "Join",
        slug: "join",
        about: "",
        who: |_| vec![always(ALL)],
        danger: false,
        inputs: &[
            Input {
                required: true,
                ..Input::new("email", "Email", Kind::Text)
            },
            Input {
                required: true,
                as_typed: true,
                ..Input::new("password", "Password", Kind::Password)
            },
        ],
        body: Hook {
            requires: |_| Ok(()),
            does: Some(|op| {
                let (email, password) = (op.input("email").clone(), op.input("password").clone());
                let at = At {
                    email: "email",
                    password: "password",
                    ..At::default()
                };
                let values = vec![(1, email.clone()), (0, Value::from("Eve"))];
                let user = op.sign_up(values, password.clone(), at, Authority::Caller)?;
                op.keep("user", Some(user));
                op.sign_in(email, password, at)
            }),
        },
        answer: Answer {
            returns: Some(Returns {
                kind: Kind::Text,
                value: |op| {
                    let user = op.row(USER, op.kept("user"))?;
                    Ok(user.map_or(Value::Empty, |user| user.value(1).clone()))
                },
            }),
            signs_in: true,
        },
        path: "",
        source: "",
    }],
    theme: &[],
    glossary: &[],
    seeds: &[],
    migrations: &[("0001_first.sql", SCHEMA)],
};

pub fn entity(index: usize) -> &'static Entity {
    APP.entities[index]
}

/// A store in a folder of its own, removed at the end.
pub struct Desk {
    pub engine: Engine,
    pub folder: PathBuf,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "desk-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn options(folder: &std::path::Path) -> Options {
    Options {
        path: folder.join("app.db"),
        ..Options::default()
    }
}

pub fn desk() -> Desk {
    let folder = folder();
    let engine = Engine::open(&APP, &options(&folder)).unwrap();
    Desk { engine, folder }
}

impl Desk {
    pub fn user(&self, name: &str) -> i64 {
        let values = vec![
            (0, Value::from(name)),
            (
                1,
                Value::from(format!("{}@example.com", name.to_lowercase())),
            ),
        ];
        self.create(Caller::SYSTEM, USER, values).unwrap()
    }

    pub fn create(
        &self,
        caller: Caller,
        of: usize,
        values: Vec<(usize, Value)>,
    ) -> Result<i64, Refusal> {
        self.engine.blocking_write(caller, move |w| {
            engine::operate::create(w, entity(of), values)
        })
    }

    pub fn update(
        &self,
        caller: Caller,
        of: usize,
        id: i64,
        values: Vec<(usize, Value)>,
    ) -> Result<i64, Refusal> {
        self.engine
            .blocking_write(caller, move |w| {
                engine::operate::update(w, entity(of), id, None, values)
            })
            .map(|row| row.version)
    }

    pub fn delete(&self, caller: Caller, of: usize, id: i64) -> Result<(), Refusal> {
        self.engine.blocking_write(caller, move |w| {
            engine::operate::delete(w, entity(of), id, None)
        })
    }

    pub fn ticket(&self, caller: Caller, subject: &str) -> i64 {
        self.create(caller, TICKET, vec![(SUBJECT, Value::from(subject))])
            .unwrap()
    }

    pub fn value(&self, of: usize, id: i64, field: usize) -> Value {
        let shown = self
            .engine
            .read(|r| engine::query::get(r, &Caller::SYSTEM, entity(of), id))
            .unwrap();
        shown.unwrap().row.values[field].clone()
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.engine
            .read(|r| Ok(r.query_row(sql, [], |row| row.get(0))?))
            .unwrap()
    }
}

pub fn customer(id: i64) -> Caller {
    Caller {
        user: Some(id),
        roles: CUSTOMER,
        system: false,
    }
}

pub fn agent(id: i64) -> Caller {
    Caller {
        user: Some(id),
        roles: AGENT,
        system: false,
    }
}

pub fn admin(id: i64) -> Caller {
    Caller {
        user: Some(id),
        roles: ADMIN,
        system: false,
    }
}

pub fn rules(result: Result<impl std::fmt::Debug, Refusal>) -> Vec<(&'static str, &'static str)> {
    match result {
        Err(Refusal::Invalid(errors)) => errors
            .iter()
            .map(|error| (&*error.field.to_string().leak(), error.rule))
            .collect(),
        other => panic!("not invalid: {other:?}"),
    }
}
