// Makes the peer's database: 100 customers, one agent, and as many tickets as asked for.
'use strict'
const { createHash } = require('node:crypto')
const Database = require('better-sqlite3')
const [, , file, tickets] = process.argv
const db = new Database(file)
db.pragma('journal_mode = WAL')
db.exec(`CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, role TEXT NOT NULL);
CREATE TABLE session (id_hash BLOB PRIMARY KEY, user_id INTEGER NOT NULL, expires INTEGER NOT NULL);
CREATE TABLE ticket (id INTEGER PRIMARY KEY, subject TEXT NOT NULL, body TEXT NOT NULL, priority TEXT NOT NULL, status TEXT NOT NULL, requester INTEGER NOT NULL REFERENCES user(id), assignee INTEGER REFERENCES user(id), due INTEGER, created INTEGER NOT NULL, updated INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE INDEX ticket_requester ON ticket (requester, id);
CREATE INDEX ticket_status ON ticket (status, id);`)
db.transaction(() => {
  const user = db.prepare('INSERT INTO user (id, name, email, role) VALUES (?, ?, ?, ?)')
  user.run(1, 'Max Agent', 'max@example.com', 'agent')
  for (let n = 2; n <= 101; n++) user.run(n, `Customer ${n}`, `customer${n}@example.com`, 'customer')
  const session = db.prepare('INSERT INTO session VALUES (?, ?, ?)')
  session.run(createHash('sha256').update('agent-token').digest(), 1, Date.now() + 86400000)
  session.run(createHash('sha256').update('customer-token').digest(), 2, Date.now() + 86400000)
  const ticket = db.prepare('INSERT INTO ticket (subject, body, priority, status, requester, due, created, updated, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)')
  for (let n = 1; n <= Number(tickets); n++) {
    ticket.run(`Printer ${n} is on fire`, 'It **smokes** and nobody knows why. Please help before it reaches the ceiling.', ['low', 'normal', 'high'][n % 3], ['open', 'pending', 'solved'][n % 3], 2 + n % 100, 20000 + n % 400, 1700000000000 + n * 1000, 1700000000000 + n * 1000)
  }
})()
