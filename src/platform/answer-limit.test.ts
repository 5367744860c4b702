import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { within } from './answer-limit.ts'

test('an answer that came while this process was busy is taken, though its time is over', async () => {
  // From another thread, so that it comes whatever this one does.
  const echo = `
    const { createServer } = require('node:net')
    const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () =>
      require('node:worker_threads').parentPort.postMessage(server.address().port))`
  const worker = new Worker(echo, { eval: true })
  try {
    const [port] = await once(worker, 'message')
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const answer = once(socket, 'data').then(([data]) => String(data))
    socket.write('here')
    const taken = within(50, answer)
    for (const end = performance.now() + 300; performance.now() < end; ) {}
    assert.equal(await taken, 'here')
    socket.destroy()
  } finally {
    await worker.terminate()
  }
})

test('an answer that does not come is given up in time', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  try {
    await assert.rejects(within(50, once(socket, 'data')), /Query read timeout/)
    await assert.rejects(
      within(20, sleep(10_000, undefined, { ref: false }), () => new Error('mine')),
      /mine/,
    )
  } finally {
    socket.destroy()
    server.close()
  }
})
