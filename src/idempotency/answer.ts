import type { FastifyReply } from 'fastify'
import { JSON_TYPE, returned } from '../platform/ready-made.ts'

/** What a handler would send: the body as an object of the route's response schema, as text that is JSON already, or none. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: object | string
}

/** The same as it goes over the wire, and as it is kept. */
export interface AnswerText {
  status: number
  headers: Record<string, string>
  body: string | null
}

/** Says the body as the route's schema has it. Nothing is sent. */
export function toText(reply: FastifyReply, { status, headers = {}, body }: Answer): AnswerText {
  if (body === undefined) return { status, headers, body: null }
  const text = typeof body === 'string' ? body : String(reply.code(status).serialize(body))
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body: text }
}

export function sendText(reply: FastifyReply, { status, headers, body }: AnswerText): FastifyReply {
  reply.code(status).headers(headers)
  return body === null ? reply.send() : returned(body)
}

/** An answer that was given before, and says so. */
export function replayed(answer: AnswerText): AnswerText {
  return { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } }
}
