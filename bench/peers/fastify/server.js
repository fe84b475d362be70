// The helpdesk by hand: the same tables, the same policy, the same answers as the generated one on the
// four measured paths. Written as its authors recommend: schemas for serialising, prepared statements, WAL.
'use strict'
const { createHash } = require('node:crypto')
const Database = require('better-sqlite3')
const fastify = require('fastify')({ logger: false })

const [, , file, port] = process.argv
const db = new Database(file)
db.pragma('journal_mode = WAL')
db.pragma('synchronous = NORMAL')
db.pragma('foreign_keys = ON')

const sessionOf = db.prepare('SELECT user_id, role FROM session JOIN user ON user.id = user_id WHERE id_hash = ? AND expires > ?')
const one = db.prepare('SELECT * FROM ticket WHERE id = ? AND (? OR requester = ?)')
const list = db.prepare('SELECT t.*, u.name AS requester_name FROM ticket t JOIN user u ON u.id = t.requester WHERE (? OR t.requester = ?) AND t.status = ? ORDER BY t.id LIMIT 50')
const total = db.prepare('SELECT count(*) AS n FROM ticket t WHERE (? OR t.requester = ?) AND t.status = ?')
const insert = db.prepare("INSERT INTO ticket (subject, body, priority, status, requester, due, created, updated, version) VALUES (?, ?, ?, 'open', ?, ?, ?, ?, 1)")

const ticket = {
  type: 'object',
  properties: {
    id: { type: 'integer' }, subject: { type: 'string' }, body: { type: 'string' }, priority: { type: 'string' },
    status: { type: 'string' }, requester: { type: 'integer' }, assignee: { type: ['integer', 'null'] },
    due: { type: ['string', 'null'] }, created: { type: 'string' }, updated: { type: 'string' }, version: { type: 'integer' }
  }
}

function shown (row) {
  return { ...row, due: row.due === null ? null : new Date(row.due * 86400000).toISOString().slice(0, 10), created: new Date(row.created).toISOString(), updated: new Date(row.updated).toISOString() }
}

fastify.decorateRequest('me', null)
fastify.addHook('onRequest', (request, reply, done) => {
  const header = request.headers.authorization
  const cookie = request.headers.cookie
  const token = header ? header.slice(7) : cookie ? cookie.slice(cookie.indexOf('=') + 1) : null
  const me = token && sessionOf.get(createHash('sha256').update(token).digest(), Date.now())
  if (!me) return reply.code(401).send({ title: 'Unauthorized' })
  request.me = me
  done()
})

fastify.get('/api/tickets/:id', { schema: { response: { 200: ticket } } }, (request, reply) => {
  const row = one.get(request.params.id, request.me.role === 'agent' ? 1 : 0, request.me.user_id)
  if (!row) return reply.code(404).send({ title: 'Not found' })
  reply.header('etag', `"${row.version}"`).send(shown(row))
})

fastify.get('/api/tickets', {
  schema: { response: { 200: { type: 'object', properties: { items: { type: 'array', items: ticket }, page: { type: 'integer' }, per_page: { type: 'integer' }, total: { type: 'integer' } } } } }
}, (request, reply) => {
  const all = request.me.role === 'agent' ? 1 : 0
  const rows = list.all(all, request.me.user_id, request.query.status)
  reply.send({ items: rows.map(shown), page: 1, per_page: 50, total: total.get(all, request.me.user_id, request.query.status).n })
})

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = text => String(text).replace(/[&<>"']/g, c => escapes[c])

fastify.get('/tickets', (request, reply) => {
  const all = request.me.role === 'agent' ? 1 : 0
  const rows = list.all(all, request.me.user_id, request.query.status)
  const count = total.get(all, request.me.user_id, request.query.status).n
  let html = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tickets</title><link rel="stylesheet" href="/static/app.css"></head><body><header><nav><a href="/tickets">Tickets</a></nav></header><main><h1>Tickets</h1><form><input name="q"><select name="status"><option>open</option><option>pending</option><option>solved</option></select><button>Filter</button></form><table><thead><tr><th>Subject</th><th>Priority</th><th>Status</th><th>Requester</th><th>Due</th><th>Created</th></tr></thead><tbody>'
  for (const row of rows) {
    html += `<tr><td><a href="/tickets/${row.id}">${escape(row.subject)}</a></td><td><span class="badge">${escape(row.priority)}</span></td><td><span class="badge">${escape(row.status)}</span></td><td><a href="/users/${row.requester}">${escape(row.requester_name)}</a></td><td>${row.due === null ? '' : new Date(row.due * 86400000).toISOString().slice(0, 10)}</td><td><time datetime="${new Date(row.created).toISOString()}">${new Date(row.created).toISOString()}</time></td></tr>`
  }
  html += `</tbody></table><p>${count} tickets</p></main></body></html>`
  reply.type('text/html; charset=utf-8').send(html)
})

fastify.post('/api/tickets', {
  schema: {
    body: { type: 'object', required: ['subject', 'body'], additionalProperties: false, properties: { subject: { type: 'string', minLength: 3, maxLength: 120 }, body: { type: 'string', minLength: 1 }, priority: { enum: ['low', 'normal', 'high'] }, due: { type: ['string', 'null'] } } },
    response: { 201: ticket }
  }
}, (request, reply) => {
  const { subject, body, priority = 'normal', due = null } = request.body
  const days = due === null ? null : Date.parse(due) / 86400000
  if (priority === 'high' && days === null) return reply.code(422).send({ title: 'A high-priority ticket has a due date.' })
  const now = Date.now()
  const id = insert.run(subject, body, priority, request.me.user_id, days, now, now).lastInsertRowid
  reply.code(201).header('location', `/api/tickets/${id}`).send(shown({ id: Number(id), subject, body, priority, status: 'open', requester: request.me.user_id, assignee: null, due: days, created: now, updated: now, version: 1 }))
})

fastify.listen({ port: Number(port), host: '127.0.0.1' }).then(address => console.log(`listening on ${address}`))
