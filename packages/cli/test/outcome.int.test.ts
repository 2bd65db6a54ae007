/** What is said of a change when no answer comes, by a server that does as the test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { waitFor } from '@holdfast/testing'

import { newPerson, type Person } from './holdfast'

let server: Server
let person: Person
let answer: (request: IncomingMessage, response: ServerResponse) => void
/** The idempotency keys of what was asked. */
let keys: unknown[]

beforeEach(async () => {
  keys = []
  server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'])
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  person = await newPerson({ HOLDFAST_URL: `http://127.0.0.1:${port}`, HOLDFAST_TOKEN: 'a.token' })
})
afterEach(async () => {
  server.close().closeAllConnections()
  await person.remove()
})

const adjust = ['adjust', 'CAMERA', '1', '--reason', 'found']

test('a change whose answers are lost is tried again with its key, which is told in the end', async () => {
  answer = (request) => void request.socket.destroy()
  const { exitCode, stderr } = await person.run(...adjust)
  expect(exitCode).toBe(5)
  expect(keys.length).toBeGreaterThan(1)
  expect(new Set(keys)).toEqual(new Set([/--key ([\da-f-]{36}), and it happens once\n$/.exec(stderr)?.[1]]))
  const asJson = await person.run(...adjust, '--key', 'mine', '--json')
  expect(JSON.parse(asJson.stderr)).toMatchObject({ code: 'UNAVAILABLE', status: 0, idempotencyKey: 'mine' })
})

test('Ctrl-C while a change is under way tells its key', async () => {
  answer = () => undefined
  const child = person.start(...adjust, '--key', 'mine')
  await waitFor(() => keys.length === 1, { what: 'the change to be asked for', timeoutMs: 30_000 })
  const told = Promise.all([text(child.stderr ?? process.stdin), new Promise((resolve) => child.on('close', resolve))])
  child.kill('SIGINT')
  expect(await told).toEqual([
    'holdfast: interrupted\nnobody knows whether it was done: repeat it with --key mine, and it happens once\n',
    130,
  ])
})

test('a refusal after a lost answer is an answer: nothing is unknown', async () => {
  answer = (request, response) => {
    if (keys.length === 1) return void request.socket.destroy()
    const problem = {
      type: '',
      title: '',
      status: 409,
      detail: 'Not enough',
      code: 'INSUFFICIENT_STOCK',
      requestId: 'r-1',
      errors: [],
    }
    response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
  }
  expect(await person.run(...adjust)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'holdfast: Not enough (INSUFFICIENT_STOCK)\nrequest id: r-1\n',
  })
})

test('a system that asks to wait is waited for, and that is told', async () => {
  answer = (_request, response) => {
    const problem = { type: '', title: '', status: 429, detail: '10 a minute', code: 'RATE_LIMITED', requestId: '', errors: [] }
    if (keys.length === 1) response.writeHead(429, { 'retry-after': '0.1' }).end(JSON.stringify(problem))
    else response.end(JSON.stringify({ expired: 0, orphans: 0, requestId: '' }))
  }
  expect(await person.run('sweep')).toMatchObject({
    exitCode: 0,
    stderr: 'The system limits how often it may be asked (10 a minute): this takes longer\n',
  })
})
