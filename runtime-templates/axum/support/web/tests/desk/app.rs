//! The desk: people file tickets, agents answer them, everybody comments.

use engine::def::*;
use engine::operation::Operation;
use kernel::kind::{Choice, Kind};
use kernel::value::Value;

const fn field(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field {
        name,
        label,
        about: "",
        kind,
        required: false,
        unique: false,
        length: (None, None),
        bounds: (None, None),
        pattern: None,
        default: FieldDefault::None,
        read_only: false,
        fixed: false,
        private: false,
        computed: false,
        lifecycle: false,
        searchable: false,
        on_delete: OnDelete::Empty,
    }
}

const fn grant(when: &'static str, fields: Fields) -> Grant {
    Grant { when, fields }
}

pub const CUSTOMER: u32 = 0;
pub const AGENT: u32 = 1;
pub const ADMIN: u32 = 2;

static ROLES: [Role; 3] = [
    Role {
        name: "Customer",
        slug: "customer",
        about: "",
        sign_up: true,
        includes: 0b001,
        when: "",
    },
    Role {
        name: "Agent",
        slug: "agent",
        about: "",
        sign_up: false,
        includes: 0b010,
        when: "",
    },
    Role {
        name: "Admin",
        slug: "admin",
        about: "",
        sign_up: false,
        includes: 0b110,
        when: "",
    },
];

static USER_FIELDS: [Field; 2] = [
    Field {
        required: true,
        length: (None, Some(200)),
        searchable: true,
        ..field("name", "Name", Kind::Text)
    },
    Field {
        required: true,
        unique: true,
        ..field("email", "E-mail", Kind::Email)
    },
];

const NOTHING: &[Step] = &[];

pub static USER: Entity = Entity {
    index: 0,
    name: "User",
    plural: "Users",
    slug: "users",
    table: "user",
    about: "A person.",
    fields: &USER_FIELDS,
    shown_as: Some(0),
    parent: None,
    tenant: engine::def::Tenant::Nobody,
    read: |caller| {
        if caller.holds(AGENT) {
            vec![grant("", ALL)]
        } else if caller.signed_in() {
            vec![grant("t.id = :me", ALL)]
        } else {
            Vec::new()
        }
    },
    create: |caller| {
        if caller.holds(ADMIN) {
            vec![grant("", 0b11)]
        } else {
            Vec::new()
        }
    },
    update: |caller| {
        let mut grants = Vec::new();
        if caller.holds(ADMIN) {
            grants.push(grant("", 0b11));
        }
        if caller.signed_in() {
            grants.push(grant("t.id = :me", 0b01));
        }
        grants
    },
    delete: |_| Vec::new(),
    steps: NOTHING,
    actions: &[],
    rules: &[],
    watchers: &[],
    on_create: None,
    on_update: None,
    on_delete: None,
    computed: &[],
    source: "desk.md:1",
};

static PRIORITY: [Choice; 3] = [
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
static STATUS: [Choice; 2] = [
    Choice {
        value: "open",
        label: "Open",
    },
    Choice {
        value: "solved",
        label: "Solved",
    },
];

static TICKET_FIELDS: [Field; 8] = [
    Field {
        required: true,
        length: (Some(3), Some(120)),
        searchable: true,
        ..field("subject", "Subject", Kind::Text)
    },
    Field {
        required: true,
        default: FieldDefault::Value(|_: &Operation<'_>| Value::Text("normal".to_owned())),
        ..field("priority", "Priority", Kind::Choice(&PRIORITY))
    },
    Field {
        required: true,
        lifecycle: true,
        default: FieldDefault::Value(|_: &Operation<'_>| Value::Text("open".to_owned())),
        ..field("status", "Status", Kind::Choice(&STATUS))
    },
    Field {
        required: true,
        fixed: true,
        default: FieldDefault::Me,
        on_delete: OnDelete::Refuse,
        ..field("requester", "Requester", Kind::Reference(0))
    },
    field("due", "Due", Kind::Date),
    field("price", "Price", Kind::Money),
    Field {
        private: true,
        ..field("note", "Note", Kind::Text)
    },
    Field {
        computed: true,
        ..field("yearly", "Yearly", Kind::Money)
    },
];

pub static TICKET: Entity = Entity {
    index: 1,
    name: "Ticket",
    plural: "Tickets",
    slug: "tickets",
    table: "ticket",
    about: "A request for help.",
    fields: &TICKET_FIELDS,
    shown_as: Some(0),
    parent: None,
    tenant: engine::def::Tenant::Nobody,
    read: |caller| {
        let mut grants = Vec::new();
        if caller.signed_in() {
            grants.push(grant("t.requester = :me", ALL));
        }
        if caller.holds(AGENT) {
            grants.push(grant("", ALL));
        }
        grants
    },
    create: |caller| {
        if caller.holds(CUSTOMER) {
            vec![grant("", 0b011_0011)]
        } else {
            Vec::new()
        }
    },
    update: |caller| {
        let mut grants = Vec::new();
        if caller.signed_in() {
            grants.push(grant("t.requester = :me AND t.status = 'open'", 0b000_0001));
        }
        if caller.holds(AGENT) {
            grants.push(grant("", 0b001_0010));
        }
        grants
    },
    delete: |caller| {
        if caller.holds(ADMIN) {
            vec![grant("t.status = 'solved'", ALL)]
        } else {
            Vec::new()
        }
    },
    steps: &[Step {
        name: "Solve",
        slug: "solve",
        field: 2,
        from: &["open"],
        to: "solved",
        who: |caller| {
            if caller.holds(AGENT) {
                vec![grant("", ALL)]
            } else {
                Vec::new()
            }
        },
        when: "",
        otherwise: false,
        danger: false,
        inputs: &[],
        body: None,
        answer: engine::def::Answer::ROW,
        source: "desk.md:9",
    }],
    actions: &[],
    rules: &[Rule {
        id: "high-is-due",
        sentence: "A high-priority ticket has a due date.",
        fields: &["due"],
        on: RuleOn::Always,
        check: Check::Sql("t.priority <> 'high' OR t.due IS NOT NULL"),
        source: "desk.md:12",
    }],
    watchers: &[],
    on_create: None,
    on_update: None,
    on_delete: None,
    computed: &[Computed {
        field: 7,
        sql: "multiply(t.price, 12)",
    }],
    source: "desk.md:3",
};

static COMMENT_FIELDS: [Field; 3] = [
    Field {
        required: true,
        fixed: true,
        on_delete: OnDelete::Cascade,
        ..field("ticket", "Ticket", Kind::Reference(1))
    },
    Field {
        required: true,
        fixed: true,
        default: FieldDefault::Me,
        on_delete: OnDelete::Cascade,
        ..field("author", "Author", Kind::Reference(0))
    },
    Field {
        required: true,
        ..field("text", "Text", Kind::Markdown)
    },
];

const TICKET_READ: &str = "EXISTS (SELECT 1 FROM \"ticket\" AS p WHERE p.id = t.ticket AND \
                           (p.requester = :me OR (:roles & 2) <> 0))";

pub static COMMENT: Entity = Entity {
    index: 2,
    name: "Comment",
    plural: "Comments",
    slug: "comments",
    table: "comment",
    about: "What people say about a ticket.",
    fields: &COMMENT_FIELDS,
    shown_as: None,
    parent: Some(0),
    tenant: engine::def::Tenant::Nobody,
    read: |caller| {
        if caller.signed_in() {
            vec![grant(TICKET_READ, ALL)]
        } else {
            Vec::new()
        }
    },
    create: |caller| {
        if caller.signed_in() {
            vec![grant(TICKET_READ, 0b101)]
        } else {
            Vec::new()
        }
    },
    update: |_| Vec::new(),
    delete: |_| Vec::new(),
    steps: NOTHING,
    actions: &[],
    rules: &[],
    watchers: &[],
    on_create: None,
    on_update: None,
    on_delete: None,
    computed: &[],
    source: "desk.md:20",
};

const TABLES: &str = r#"
CREATE TABLE "user" (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  version INTEGER NOT NULL, "name" TEXT, "email" TEXT) STRICT;
CREATE UNIQUE INDEX user_email ON "user" ("email");
CREATE TABLE "ticket" (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  version INTEGER NOT NULL, "subject" TEXT, "priority" TEXT, "status" TEXT, "requester" INTEGER REFERENCES "user"(id),
  "due" INTEGER, "price" INTEGER, "note" TEXT) STRICT;
CREATE INDEX ticket_requester ON "ticket" ("requester");
CREATE TABLE "comment" (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  version INTEGER NOT NULL, "ticket" INTEGER REFERENCES "ticket"(id), "author" INTEGER REFERENCES "user"(id),
  "text" TEXT) STRICT;
CREATE INDEX comment_ticket ON "comment" ("ticket");
"#;

const fn desk(confirm_email: bool) -> App {
    App {
        name: "Desk",
        about: "Customers file tickets.",
        language: "en",
        time_zone: "UTC",
        currency: "EUR",
        currency_digits: 2,
        roles: &ROLES,
        accounts: Accounts {
            sign_up: true,
            password_min: 10,
            confirm_email,
            session_days: 14,
        },
        entities: &ENTITIES,
        actions: &[],
        theme: &[],
        glossary: &[],
        seeds: &[
            Seed {
                seed: "Demo",
                entity: 0,
                key: "Max",
                values: &[
                    (0, SeedValue::Text("Max")),
                    (1, SeedValue::Text("max@desk.example")),
                ],
                times: SeedTimes::NOW,
                roles: &[AGENT],
            },
            Seed {
                seed: "Demo",
                entity: 1,
                key: "Printer on fire",
                values: &[
                    (0, SeedValue::Text("Printer on fire")),
                    (2, SeedValue::Text("solved")),
                    (3, SeedValue::Reference(0, "Max")),
                    (4, SeedValue::Today(3)),
                ],
                times: SeedTimes {
                    created: Some(SeedValue::Now(-864_000_000)),
                    updated: None,
                },
                roles: &[],
            },
        ],
        migrations: &[("0001_init", TABLES)],
    }
}

static ENTITIES: [&Entity; 3] = [&USER, &TICKET, &COMMENT];

pub static DESK: App = desk(false);
pub static CONFIRMING: App = desk(true);
