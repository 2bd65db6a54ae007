/**
 * Thousands of requests that the contract's descriptors and a grammar of mistakes make: none is answered with our own fault, each
 * refusal is a problem with code and request id, and nothing dies or goes out of balance.
 * HOLDFAST_FUZZ_REQUESTS says how many; HOLDFAST_FUZZ_SEED repeats a run, `seed:path` (as a failure prints it) one case.
 */
import { randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'

import { adminToken, allServiceNames, api, type ConsistencyReply, logIn } from '@holdfast/testing'
import fc from 'fast-check'

import { type FuzzRequest, requestsOf } from './fuzz/requests'
import { checkOut, one, openShop, reserved, type Shop, times } from './shop'

const wanted = Number(process.env.HOLDFAST_FUZZ_REQUESTS ?? 2_000)
const [seedText = String(randomInt(2 ** 31)), ...path] = (process.env.HOLDFAST_FUZZ_SEED ?? '')
  .split(':')
  .filter((part) => part !== '')
const seed = Number(seedText)
const together = 20
const timeoutMs = 30_000

/** What stands for the tokens in requests: some requests end them, and then there are new ones. */
const secrets = { user: 'token.of.user', admin: 'token.of.admin' }
const tokens = { ...secrets }

const agent = new Agent({ keepAlive: true, maxSockets: together })
let shop: Shop

beforeAll(async () => {
  shop = await openShop({ notifications: true, env: { RATE_LIMIT_RESERVE_PER_USER: '0', RATE_LIMIT_PER_IP: '0' } })
})
afterAll(async () => {
  agent.destroy()
  await shop?.close()
})

interface Answer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: string
}

test(
  `${wanted} requests of every kind get an answer that is not our fault`,
  async () => {
    process.stdout.write(`HOLDFAST_FUZZ_SEED=${seed} repeats this run\n`)
    const shopper = await shop.shopper()
    const skus = await times(5, async () => shop.product(10_000))
    const reservations = await times(4, async (index) => reserved(shopper, one(skus[index] ?? '')))
    const [first, second] = reservations
    const paid = await checkOut(shopper, first?.id ?? '')
    expect(paid.status).toBe(200)
    const known = {
      skus,
      ids: [...reservations.map(({ id }) => id), paid.body.order.id, shopper.user.id],
      refreshTokens: [shopper.user.refreshToken],
    }
    expect(second).toBeDefined()
    const { email, password } = shopper.user
    const renew = async (): Promise<void> => {
      tokens.user = (await logIn(shop.system.url, { email, password })).token
      tokens.admin = await adminToken(shop.system)
    }
    await renew()
    const pids = allServiceNames.map((name) => shop.system.pid(name))

    const counts = new Map<string, number>()
    const cases = fc.array(requestsOf(known, secrets), { minLength: 1, maxLength: together, size: 'max' })
    await fc.assert(
      fc.asyncProperty(cases, async (requests) => {
        const answers = await Promise.all(requests.map(async (one) => send(one)))
        for (const [index, answer] of answers.entries()) {
          const kind = kindOf(answer)
          counts.set(kind, (counts.get(kind) ?? 0) + 1)
          const problem = problemWith(requests[index], answer)
          if (problem !== undefined)
            throw new Error(`${describeRequest(requests[index])}\nanswered ${describeAnswer(answer)}\n${problem}`)
        }
        if (answers.some(({ body }) => body.includes('has been ended'))) await renew()
      }),
      {
        seed,
        ...(path.length > 0 && { path: path.join(':') }),
        numRuns: Math.ceil(wanted / (together / 2)),
        endOnFailure: false,
      },
    )
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    process.stdout.write(
      `${total} answers: ${[...counts]
        .sort()
        .map(([kind, count]) => `${count} of ${kind}`)
        .join(', ')}\n`,
    )
    // It is no fuzzer of one refusal: many requests get through to the services, and some change something.
    if (path.length === 0)
      expect([...counts.keys()]).toEqual(expect.arrayContaining(['200', '201', '400', '404', '405', 'gRPC 0', 'gRPC 3']))
    expect(allServiceNames.map((name) => shop.system.pid(name))).toEqual(pids)
  },
  Math.max(300_000, wanted * 60),
)

test('afterwards the books balance and the audit log is whole', async () => {
  const admin = api(shop.system.url, { token: await adminToken(shop.system) })
  const { body: books } = await admin.get<ConsistencyReply>('/v1/consistency')
  expect(books).toMatchObject({ consistent: true, differences: [] })
  const { body } = await admin.get('/v1/audit:verify')
  expect(body).toMatchObject({ valid: true })
})

async function send(one: FuzzRequest): Promise<Answer> {
  const { method, target, headers, body, rpc } = one
  const { hostname, port } = new URL(shop.system.url)
  return new Promise((resolve, reject) => {
    const length =
      body.length > 0 || !['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'].includes(method) ? { 'content-length': body.length } : {}
    const authorization = headers.authorization?.replace(secrets.user, tokens.user).replace(secrets.admin, tokens.admin)
    const sent = { ...headers, ...(authorization !== undefined && { authorization }), ...length }
    const options = { hostname, port, path: target, method, headers: sent, agent, timeout: timeoutMs }
    const asked = request(options, (response) => {
      const { statusCode: status = 0, headers: answered } = response
      const chunks: Buffer[] = []
      const done = (): void => resolve({ status, headers: answered, body: Buffer.concat(chunks).toString('utf8') })
      const type = String(answered['content-type'])
      // A stream goes on until its reader leaves; that of an RPC may have nothing but its end.
      const leave = (): void => {
        asked.destroy()
        done()
      }
      if (type.startsWith('text/event-stream')) return leave()
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (rpc === 'stream' && status === 200) leave()
      })
      response.on('end', done)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', (error) => reject(new Error(`${describeRequest(one)}\n${error.message}`)))
    asked.end(body)
  })
}

/** The status of HTTP, or that of gRPC where an answer has one. */
function kindOf({ status, headers, body }: Answer): string {
  const type = String(headers['content-type'])
  if (!type.startsWith('application/grpc-web')) return String(status)
  return `gRPC ${/grpc-status: ?(\d+)/.exec(grpcTextOf(headers, body))?.[1] ?? 'of a stream'}`
}

/** Where the status of gRPC is: in the headers, or in the last frame. */
function grpcTextOf(headers: Answer['headers'], body: string): string {
  const isText = String(headers['content-type']).includes('-text')
  return `grpc-status:${String(headers['grpc-status'] ?? '')}\n${isText ? fromTexts(body) : body}`
}

/** Errors of gRPC that are ours: UNKNOWN, INTERNAL, UNAVAILABLE and DATA_LOSS; DEADLINE_EXCEEDED is too late by our own clock. */
const faults = /grpc-status: ?(2|4|13|14|15)\b|"code":"(unknown|deadline_exceeded|internal|unavailable|data_loss)"/
/** What a request may ask for itself: less time than there is. */
const tooLate = /grpc-status: ?4\b|"code":"deadline_exceeded"/

/** @returns what is wrong with an answer */
function problemWith(request: FuzzRequest | undefined, { status, headers, body }: Answer): string | undefined {
  const isRpc = request?.rpc !== undefined
  const type = String(headers['content-type'])
  if (isRpc) {
    const text = grpcTextOf(headers, body)
    // Connect's own word for an encoding that it does not know.
    if (status === 501 && text.includes('unknown compression')) return undefined
    const hurried = 'grpc-timeout' in request.headers || 'connect-timeout-ms' in request.headers
    if (hurried && tooLate.test(text)) return undefined
    if (faults.test(text)) return 'it is our fault'
  }
  if (status >= 500) return 'it is our fault'
  if (headers['x-content-type-options'] !== 'nosniff') return 'it has no security headers'
  if (request?.method === 'HEAD' || status < 400 || (isRpc && type !== 'application/problem+json')) return undefined
  if (type !== 'application/problem+json') return 'it is no problem+json'
  const { code, requestId, status: said } = JSON.parse(body) as Record<string, unknown>
  if (typeof code !== 'string' || !/^[A-Z_]+$/.test(code) || code === 'INTERNAL') return 'it has no code'
  if (typeof requestId !== 'string' || requestId !== headers['x-request-id']) return 'it has no request id'
  return said === status ? undefined : 'its status is another'
}

/** Texts in base64 one after the other, each with its padding. */
function fromTexts(body: string): string {
  return (body.match(/[A-Za-z0-9+/]+={0,2}/g) ?? []).map((part) => Buffer.from(part, 'base64').toString('latin1')).join('')
}

function describeRequest(request: FuzzRequest | undefined): string {
  if (request === undefined) return ''
  const { method, target, headers, body } = request
  const shown = { ...headers, ...(headers.authorization !== undefined && { authorization: headers.authorization.slice(0, 20) }) }
  return `${method} ${target} ${JSON.stringify(shown)}\n${JSON.stringify(body.toString('latin1'))}`
}

function describeAnswer({ status, headers, body }: Answer): string {
  return `${status} ${String(headers['content-type'])} ${body.slice(0, 1_000)}`
}
