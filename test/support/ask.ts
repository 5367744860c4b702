import { request } from 'node:http'

export interface Asked {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any
  text: string
}

interface Question {
  token?: string
  body?: unknown
  headers?: Record<string, string>
  timeoutMs?: number
}

/** One request over a connection of its own, so that it may reach any of the processes behind an address. */
export function ask(base: string, method: string, path: string, question: Question = {}): Promise<Asked> {
  const { token, body, timeoutMs = 10_000 } = question
  const headers = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...question.headers,
  }
  const signal = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const asked = request(`${base}${path}`, { method, headers, agent: false, signal }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      answer.on('error', reject).on('end', () => {
        const isJson = /json/.test(answer.headers['content-type'] ?? '')
        resolve({ status: answer.statusCode ?? 0, text, body: isJson ? JSON.parse(text) : undefined })
      })
    })
    asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
  })
}
