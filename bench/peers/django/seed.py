"""Makes the peer's database: 100 customers, one agent, and as many tickets as asked for."""
import hashlib
import sqlite3
import sys
import time

file, tickets = sys.argv[1], int(sys.argv[2])
db = sqlite3.connect(file)
db.execute("PRAGMA journal_mode = WAL")
db.executescript("""
CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, role TEXT NOT NULL);
CREATE TABLE session (id_hash BLOB PRIMARY KEY, user_id INTEGER NOT NULL, expires INTEGER NOT NULL);
CREATE TABLE ticket (id INTEGER PRIMARY KEY, subject TEXT NOT NULL, body TEXT NOT NULL, priority TEXT NOT NULL, status TEXT NOT NULL, requester INTEGER NOT NULL REFERENCES user(id), assignee INTEGER REFERENCES user(id), due INTEGER, created INTEGER NOT NULL, updated INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE INDEX ticket_requester ON ticket (requester, id);
CREATE INDEX ticket_status ON ticket (status, id);
""")


def token(text):
    return hashlib.sha256(text.encode()).digest()


with db:
    db.execute("INSERT INTO user VALUES (1, 'Max Agent', 'max@example.com', 'agent')")
    db.executemany(
        "INSERT INTO user VALUES (?, ?, ?, 'customer')",
        ((n, f"Customer {n}", f"customer{n}@example.com") for n in range(2, 102)),
    )
    tomorrow = int(time.time() * 1000) + 86_400_000
    db.executemany(
        "INSERT INTO session VALUES (?, ?, ?)",
        ((token("agent-token"), 1, tomorrow), (token("customer-token"), 2, tomorrow)),
    )
    db.executemany(
        "INSERT INTO ticket (subject, body, priority, status, requester, due, created, updated, version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (
            (
                f"Printer {n} is on fire",
                "It **smokes** and nobody knows why. Please help before it reaches the ceiling.",
                ("low", "normal", "high")[n % 3],
                ("open", "pending", "solved")[n % 3],
                2 + n % 100,
                20_000 + n % 400,
                1_700_000_000_000 + n * 1000,
                1_700_000_000_000 + n * 1000,
            )
            for n in range(1, tickets + 1)
        ),
    )
