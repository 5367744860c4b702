import assert from 'node:assert/strict'
import type { Answer } from './app.ts'

/** What must never be seen outside: stack frames, file paths, statements, SQLSTATEs, names in the database, our patterns. */
const INTERNALS = [
  /\n\s+at /,
  /node_modules|node:internal|\.[cm]?[jt]s:\d/,
  /\/src\/|file:\/\//,
  /\b(?:select|insert into|update|delete from) .*\b(?:from|values|set|where)\b/i,
  /SQLSTATE|syntax error|duplicate key|violates|relation "|column "|constraint "/i,
  /must match (?:pattern|format)/,
  /"(?:0[38]|2[0-9A-Z]|4[02]|5[3578]|XX)[0-9A-Z]{3}"/,
]

/** The answer is an error as the product promises them: a problem document (RFC 9457) that tells nothing internal. */
export function assertProblem(answer: Answer, status: number, code?: string, why = ''): void {
  const context = `${why}${why && ': '}${answer.status} ${answer.text.slice(0, 400)}`
  assert.equal(answer.status, status, context)
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json(?:; charset=utf-8)?$/, context)
  assert.equal(answer.body.status, status, context)
  for (const member of ['type', 'title', 'detail', 'code', 'error']) {
    assert.ok(typeof answer.body[member] === 'string' && answer.body[member] !== '', `${member} in ${context}`)
  }
  assert.match(answer.body.code, /^[A-Z][A-Z_]+$/, context)
  assert.equal(answer.body.error, answer.body.detail, context)
  if (code !== undefined) assert.equal(answer.body.code, code, context)
  for (const pattern of INTERNALS) assert.doesNotMatch(answer.text, pattern, context)
}

/** The same, and one of its `errors` points to this member. */
export function assertPointsTo(answer: Answer, pointer: string, why = ''): void {
  assertProblem(answer, 400, undefined, why)
  const pointers = (answer.body.errors ?? []).map((error: { pointer: string }) => error.pointer)
  assert.ok(pointers.includes(pointer), `${why} ${pointer} is not among ${pointers}: ${answer.text.slice(0, 300)}`)
}
