/** The JSON edge against bytes that no well-behaved client sends. */
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'

import { Reservation } from '@holdfast/contracts/reservation'

import { waitFor } from '@holdfast/testing'

import { open, request, talk } from './raw'
import { type Fixture, startFixture, type Tokens } from './support'

let gateway: Fixture
let user: Tokens
/** What reached the service behind, in order. */
const reached: string[] = []

beforeAll(async () => {
  gateway = await startFixture({
    reservation: {
      createReservation: async ({ clientToken }) => {
        reached.push(`create ${clientToken}`)
        return Promise.resolve({ reservation: Reservation.fromJSON({ id: 'r' }), requestId: '', replayed: false })
      },
      getReservation: async ({ id }) => {
        reached.push(id)
        // The first is the last to be done.
        await new Promise((resolve) => setTimeout(resolve, id === 'slow' ? 200 : 0))
        return { reservation: Reservation.fromJSON({ id }), requestId: '' }
      },
    },
  })
  user = await gateway.register()
})
afterAll(async () => gateway.close())
beforeEach(() => reached.splice(0))

const json = 'Content-Type: application/json'
const authorized = () => `Authorization: Bearer ${user.accessToken}`
/** What would be done if the body ended where the attacker wants it to. */
const smuggled = () => request('POST /v1/reservations', [json, authorized(), 'Content-Length: 27'], '{"clientToken":"smuggled"} ')

describe('a message whose end two readers could see in two places', () => {
  const shapes: [string, string[], string][] = [
    ['length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['chunks and length', ['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 5'], ''],
    ['two lengths that agree', ['Content-Length: 2', 'Content-Length: 2'], '{}'],
    ['a list of lengths', ['Content-Length: 2, 2'], '{}'],
    ['a length with a sign', ['Content-Length: +2'], '{}'],
    ['a negative length', ['Content-Length: -1'], ''],
    ['a length in hexadecimal', ['Content-Length: 0x2'], '{}'],
    ['a length that no number holds', ['Content-Length: 99999999999999999999999'], '{}'],
    ['an empty length', ['Content-Length: '], '{}'],
    ['a coding that is none', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['identity', ['Transfer-Encoding: identity'], '{}'],
    ['chunked, but not as the last', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'],
    ['chunked behind a vertical tab', ['Transfer-Encoding: \vchunked'], '0\r\n\r\n'],
    ['a folded header', ['Transfer-Encoding:', ' chunked'], '0\r\n\r\n'],
    ['a folded header of another name', ['X: a', ' Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['a space before the colon', ['Content-Length : 2'], '{}'],
    ['a tab before the colon', ['Transfer-Encoding\t: chunked'], '0\r\n\r\n'],
    ['a space before the first header', [' Content-Length: 2'], '{}'],
    ['a header without a colon', ['Content-Length 2'], '{}'],
    ['a header without a name', [': 2'], '{}'],
    ['a line feed alone', ['X: a\nContent-Length: 2'], '{}'],
    ['a carriage return alone', ['X: a\rContent-Length: 2'], '{}'],
    ['NUL in a header', ['X: a\0b', 'Content-Length: 2'], '{}'],
    ['a chunk of no size', ['Transfer-Encoding: chunked'], '\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size with a sign', ['Transfer-Encoding: chunked'], '+2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size in the notation of C', ['Transfer-Encoding: chunked'], '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size that no number holds', ['Transfer-Encoding: chunked'], 'fffffffffffffffff2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk that is longer than it says', ['Transfer-Encoding: chunked'], '1\r\n{}\r\n0\r\n\r\n'],
    ['a chunk that ends with a line feed', ['Transfer-Encoding: chunked'], '2\n{}\n0\n\n'],
    ['a chunk extension with a line feed', ['Transfer-Encoding: chunked'], '2;\n{}\r\n0\r\n\r\n'],
  ]

  test.each(shapes)('%s is refused, its connection is closed, and nothing behind it is read', async (_what, headers, body) => {
    const start = request('POST /v1/reservations', [json, authorized(), ...headers], body)
    const answers = await talk(gateway.httpPort, start + smuggled())
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(answers[0]?.headers.get('connection')).toBe('close')
    expect(answers[0]?.headers.get('content-type')).toBe('application/problem+json')
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ code: 'INVALID_ARGUMENT', requestId: expect.any(String) })
    expect(reached).toEqual([])
  })

  test('chunk extensions and trailers change nothing', async () => {
    const chunks = '2;a=b;c\r\n{}\r\n0;x\r\nX: 50\r\nAuthorization: none\r\n\r\n'
    const start = request('POST /v1/reservations', [json, authorized(), 'Transfer-Encoding: chunked'], chunks)
    const last = request('GET /v1/reservations/next', [authorized(), 'Connection: close'])
    expect((await talk(gateway.httpPort, start + last)).map(({ status }) => status)).toEqual([201, 200])
    expect(reached).toEqual(['create ', 'next'])
  })

  test('chunk extensions without end are cut off', async () => {
    const chunks = `2;${'x'.repeat(100_000)}\r\n{}\r\n0\r\n\r\n`
    const start = request('POST /v1/reservations', [json, authorized(), 'Transfer-Encoding: chunked'], chunks)
    const answers = await talk(gateway.httpPort, start)
    expect(answers.map(({ status }) => status)).toEqual([413])
    expect(reached).toEqual([])
  })
})

describe('what is no request of HTTP/1.1', () => {
  test.each([
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ["HTTP/2's preface", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/2 by version', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n'],
    ['a TLS hello', Buffer.from('16030100a5010000a10303', 'hex')],
    ['an SSH greeting', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['an unknown method', 'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a method in lower case', 'get / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a control character in the target', 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a space in the target', 'GET /v1 /products HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ])('%s is a 400 with a problem, and the end', async (_what, bytes) => {
    const answers = await talk(gateway.httpPort, bytes)
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(answers[0]?.headers.get('connection')).toBe('close')
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ code: 'INVALID_ARGUMENT', requestId: expect.any(String) })
  })

  test('a tunnel is not made', async () => {
    const answers = await talk(gateway.httpPort, 'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n')
    expect(answers.map(({ status }) => status)).toEqual([405])
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ code: 'METHOD_NOT_ALLOWED' })
  })

  test('who asks for a tunnel and resets takes nothing down', async () => {
    const socket = await open(gateway.httpPort)
    socket.write('CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n')
    // The answer has come: what is reset is a connection that Node has handed out.
    await once(socket, 'data')
    socket.resetAndDestroy()
    // By a connection made after the reset, so that the reset has been read.
    expect((await talk(gateway.httpPort, request('GET /healthz', ['Connection: close'])))[0]?.status).toBe(200)
  })

  test('TRACE tells nothing back', async () => {
    const [answer] = await talk(gateway.httpPort, request('TRACE /v1/products', ['Cookie: secret', 'Connection: close']))
    expect(answer?.status).toBe(405)
    expect(answer?.body).not.toContain('secret')
  })

  test('an upgrade is left unheeded', async () => {
    for (const upgrade of ['websocket', 'h2c']) {
      const headers = ['Connection: Upgrade, close', `Upgrade: ${upgrade}`, 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']
      expect((await talk(gateway.httpPort, request('GET /healthz', headers))).map(({ status }) => status)).toEqual([200])
    }
  })

  test('HTTP/1.0 is served, without a Host and without staying', async () => {
    const answers = await talk(gateway.httpPort, 'GET /healthz HTTP/1.0\r\n\r\n')
    expect(answers.map(({ status }) => status)).toEqual([200])
  })
})

describe('requests one behind the other on a connection', () => {
  test('are answered in their order, however long each takes', async () => {
    const asked = ['slow', 'a', 'b', 'c'].map((id) => request(`GET /v1/reservations/${id}`, [authorized()]))
    const answers = await talk(
      gateway.httpPort,
      asked.join('') + request('GET /v1/reservations/d', [authorized(), 'Connection: close']),
    )
    const ids = answers.map(({ body }) => (JSON.parse(body) as { reservation: { id: string } }).reservation.id)
    expect(ids).toEqual(['slow', 'a', 'b', 'c', 'd'])
  })

  test('keep their answers when what follows is broken: the first is not told what is wrong with the second', async () => {
    const answers = await talk(gateway.httpPort, request('GET /v1/reservations/slow', [authorized()]) + 'broken\r\n\r\n')
    expect(answers.map(({ status }) => status)).toEqual([200])
    expect(answers[0]?.body).toContain('slow')
  })

  test('have no second answer to one that was answered before its body broke', async () => {
    const socket = await open(gateway.httpPort)
    let got = ''
    socket.setEncoding('latin1').on('data', (text: string) => (got += text))
    socket.write(request('POST /v1/reservations', [json, 'Transfer-Encoding: chunked'], '1\r\n{\r\n'))
    await waitFor(() => got.includes('UNAUTHENTICATED'), { what: 'the answer' })
    const closed = once(socket, 'close')
    socket.write('zz\r\n')
    await closed
    expect(got.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401'])
  })

  test('keep their answers when the body of what follows is broken, which has its own', async () => {
    const bad = request('POST /v1/reservations', [json, authorized(), 'Transfer-Encoding: chunked'], 'zz\r\n')
    const answers = await talk(gateway.httpPort, request('GET /v1/reservations/slow', [authorized()]) + bad)
    expect(answers.map(({ status }) => status)).toEqual([200, 400])
    expect(answers[1]?.headers.get('connection')).toBe('close')
  })
})

describe('gRPC-web and Connect', () => {
  const path = '/holdfast.reservation.v1.ReservationService/GetReservation'
  const types = ['application/grpc-web+proto', 'application/grpc-web-text+proto', 'application/proto', 'application/json']

  test.each(types)('with a broken body as %s get one answer, and the next connection is served', async (type) => {
    const headers = [`Content-Type: ${type}`, authorized(), 'Transfer-Encoding: chunked']
    const answers = await talk(gateway.httpPort, request(`POST ${path}`, headers, '5\r\n\0\0\0\0\x05\r\nzz\r\n'))
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect((await talk(gateway.httpPort, request('GET /healthz', ['Connection: close']))).map(({ status }) => status)).toEqual([
      200,
    ])
  })

  test.each(types)('cut off in the middle as %s disturb nobody', async (type) => {
    const socket = await open(gateway.httpPort)
    const headers = [`Content-Type: ${type}`, authorized(), 'Content-Length: 1000']
    socket.write(request(`POST ${path}`, headers, '\0\0\0'))
    await waitFor(() => socket.bytesWritten > 0, { what: 'a part to be sent' })
    socket.destroy()
    expect((await talk(gateway.httpPort, request('GET /healthz', ['Connection: close']))).map(({ status }) => status)).toEqual([
      200,
    ])
  })
})

describe('a message of gRPC-web or Connect', () => {
  const path = '/holdfast.reservation.v1.ReservationService/CreateReservation'
  const send = async (type: string, bytes: Buffer, more: Record<string, string> = {}) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': type, authorization: authorized().slice('Authorization: '.length), ...more },
      body: new Uint8Array(bytes),
    })
    return `${response.status} ${response.headers.get('grpc-status')} ${Buffer.from(await response.arrayBuffer()).toString('latin1')}`
  }
  const framed = (bytes: Buffer): Buffer => {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(bytes.length, 1)
    return Buffer.concat([prefix, bytes])
  }
  /** Lines without anything in them: two bytes each. */
  const wide = Buffer.from('0a00'.repeat(100_000), 'hex')
  const lengthOf = (bytes: number): Buffer => Buffer.from([(bytes & 0x7f) | 0x80, ((bytes >> 7) & 0x7f) | 0x80, bytes >> 14])
  const line = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0x0a]), lengthOf(bytes.length), bytes])

  test.each([
    ['bytes that are none', Buffer.from([0])],
    ['a field that is cut off', Buffer.from('0a7f', 'hex')],
    ['a hundred thousand lines', wide],
    ['a hundred thousand fields in one line', line(wide)],
    ['six thousand lines of one field each', Buffer.from('0a020a00'.repeat(6_000), 'hex')],
    ['a hundred thousand fields in a group that nobody knows', Buffer.from(`a306${'0801'.repeat(100_000)}a406`, 'hex')],
  ])("with %s is the caller's mistake", async (_what, bytes) => {
    expect(await send('application/proto', bytes)).toMatch(/^400 .*invalid_argument/)
    expect(await send('application/grpc-web+proto', framed(bytes))).toMatch(/grpc-status: ?3\b|^200 3 /)
    expect(reached).toEqual([])
  })

  test.each([
    ['with another behind it', Buffer.concat([framed(Buffer.alloc(0)), framed(wide)])],
    ['with bytes behind it', Buffer.concat([framed(Buffer.alloc(0)), Buffer.from('x')])],
    ['that is cut off', framed(Buffer.from('0a00', 'hex')).subarray(0, 6)],
    ['without its length', Buffer.from([0, 0])],
    ['that is not there', Buffer.alloc(0)],
  ])("%s is the caller's mistake", async (_what, bytes) => {
    for (const type of ['application/grpc-web+proto', 'application/grpc-web+json']) {
      expect(await send(type, bytes)).toMatch(/one%20whole%20message[^]*grpc-status: ?3\b/)
    }
    expect(reached).toEqual([])
  })

  test('that is compressed is refused, as JSON is', async () => {
    const packed = gzipSync(Buffer.alloc(0))
    expect(await send('application/proto', packed, { 'content-encoding': 'gzip' })).toMatch(/^501 .*unknown compression/)
    expect(await send('application/grpc-web+proto', Buffer.concat([Buffer.from([1, 0, 0, 0, packed.length]), packed]))).toMatch(
      /grpc-status: ?3\b|^200 3 /,
    )
    expect(reached).toEqual([])
  })

  test('with as many values in JSON is refused too', async () => {
    expect(await send('application/json', Buffer.from(`{"lines":[${'{},'.repeat(100_000)}{}]}`))).toMatch(
      /^400 .*invalid_argument/,
    )
    expect(reached).toEqual([])
  })
})

describe('an address', () => {
  test.each(['http://evil.example/healthz', 'HTTP://evil.example:1/healthz', 'https://user@evil.example/healthz'])(
    '%s in absolute form is one of ours, whatever host it names',
    async (target) => {
      expect((await talk(gateway.httpPort, request(`GET ${target}`, ['Connection: close']))).map(({ status }) => status)).toEqual(
        [200],
      )
    },
  )

  test.each([
    '/../../etc/passwd',
    '/docs/../../../etc/passwd',
    '/docs/..%2f..%2f..%2fetc%2fpasswd',
    '/docs/%2e%2e/%2e%2e/etc/passwd',
    '/docs/..\\..\\package.json',
    '/docs/..%5c..%5cpackage.json',
    '/docs//etc/passwd',
    '/docs/%00',
    '/.well-known/../package.json',
    '/healthz/..',
    '/healthz%00',
    '/healthz;x',
    '//healthz',
    'file:///etc/passwd',
    '*',
  ])('%s leads nowhere', async (target) => {
    const answers = await talk(gateway.httpPort, request(`GET ${target}`, ['Connection: close']))
    expect(answers).toHaveLength(1)
    expect([400, 404]).toContain(answers[0]?.status)
    expect(answers[0]?.headers.get('content-type')).toBe('application/problem+json')
    expect(answers[0]?.body).not.toContain('root:')
  })

  test('that is too long is refused', async () => {
    const answers = await talk(gateway.httpPort, request(`GET /v1/products?${'x'.repeat(20_000)}`))
    expect(answers.map(({ status }) => status)).toEqual([431])
  })

  test('may have a parameter thousands of times', async () => {
    const query = Array.from({ length: 1_500 }, () => 'skus=A').join('&')
    const [answer] = await talk(gateway.httpPort, request(`GET /v1/availability?${query}`, ['Connection: close']))
    // The fixture's service gives no answer: it was reached.
    expect(answer?.status).toBe(501)
  })
})

describe('headers', () => {
  test('that are many are refused', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `x${index}: y`)
    expect((await talk(gateway.httpPort, request('GET /healthz', many))).map(({ status }) => status)).toEqual([431])
  })

  test('of two tokens, only the first counts', async () => {
    const headers = [authorized(), 'Authorization: Bearer a.b.c', 'Connection: close']
    expect((await talk(gateway.httpPort, request('GET /v1/reservations/x', headers)))[0]?.status).toBe(200)
    const turned = ['Authorization: Bearer a.b.c', authorized(), 'Connection: close']
    expect((await talk(gateway.httpPort, request('GET /v1/reservations/x', turned)))[0]?.status).toBe(401)
  })

  test('of every kind of answer tell browsers to frame, guess and run nothing, and nobody what runs here', async () => {
    const kinds = [
      request('GET /healthz', ['Connection: close']),
      request('GET /v1/products', ['Connection: close']),
      request('GET /nothing', ['Connection: close']),
      request('OPTIONS /v1/products', ['Connection: close']),
      request('HEAD /healthz', ['Connection: close']),
      request('DELETE /v1/products', ['Connection: close']),
      request('GET /metrics', ['Connection: close']),
      request('POST /v1/auth/login', [json, 'Content-Length: 1', 'Connection: close'], '{'),
      'broken\r\n\r\n',
    ]
    for (const kind of kinds) {
      const raw = kind.startsWith('HEAD') ? kind.replace('HEAD', 'GET') : kind
      const [answer] = await talk(gateway.httpPort, raw)
      const headers = answer?.headers ?? new Map<string, string>()
      expect([...headers.keys()]).toEqual(
        expect.arrayContaining(['x-content-type-options', 'content-security-policy', 'referrer-policy', 'x-request-id']),
      )
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.has('strict-transport-security')).toBe(false)
      for (const leak of ['server', 'x-powered-by', 'via']) expect(headers.has(leak)).toBe(false)
      expect(`${[...headers.values()].join()}${kind.includes('/metrics') ? '' : answer?.body}`).not.toMatch(
        /node|v24\.|llhttp|HPE_/i,
      )
    }
  })
})

describe('a JSON body', () => {
  const send = async (body: string | Buffer): Promise<[number, Record<string, unknown>]> => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const head = request('POST /v1/reservations', [json, authorized(), `Content-Length: ${bytes.length}`, 'Connection: close'])
    const [answer] = await talk(gateway.httpPort, Buffer.concat([Buffer.from(head), bytes]))
    return [answer?.status ?? 0, JSON.parse(answer?.body ?? '{}') as Record<string, unknown>]
  }

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'])(
    'with the key %s is refused where it stands, and changes nothing for anybody',
    async (key) => {
      for (const body of [`{"${key}":{"polluted":true}}`, `{"lines":[{"${key}":{"polluted":true}}]}`, `{"lines":{"${key}":1}}`]) {
        const [status, problem] = await send(body)
        expect([status, problem['code']]).toEqual([400, 'INVALID_ARGUMENT'])
      }
      expect('polluted' in {}).toBe(false)
      const [answer] = await talk(gateway.httpPort, request(`GET /v1/products?${key}=1&${key}.polluted=1`, ['Connection: close']))
      expect(answer?.status).toBe(400)
      expect('polluted' in {}).toBe(false)
    },
  )

  test.each([
    ['UTF-8 that is cut off', Buffer.from('7b22636c69656e74546f6b656e223a22e282227d', 'hex')],
    ['UTF-8 that is longer than it needs to be', Buffer.from('7b22636c69656e74546f6b656e223a22c080227d', 'hex')],
    ['surrogates in UTF-8', Buffer.from('7b22636c69656e74546f6b656e223a22eda080227d', 'hex')],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
    ['a byte order mark', '\ufeff{}'],
    ['half a surrogate pair', String.raw`{"lines":[{"sku":"\ud800"}]}`],
    ['half a surrogate pair as a key', String.raw`{"\udfff":1}`],
    ['NUL between values', '{\0}'],
    ['a number beyond all bounds', '{"lines":[{"quantity":1e999}]}'],
    ['a number of a million digits', `{"lines":[{"quantity":${'9'.repeat(1_000_000)}}]}`],
    ['a number just beyond', '{"lines":[{"quantity":2147483648}]}'],
    ['a fraction that rounds to a whole number', '{"lines":[{"quantity":1.00000000000000000000001e0, "x":1}]}'],
    ['two values', '{}{}'],
    ['a comment', '{/**/}'],
    ['keys twice, once escaped', String.raw`{"clientToken":"a","client\u0054oken":"b"}`],
    ['a field by both of its names', '{"ttlSeconds":5,"ttl_seconds":6}'],
    ['depth', `${'{"lines":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['brackets without end', '['.repeat(1_000_000)],
    ['hundreds of thousands of values', `{"lines":[${'{},'.repeat(300_000)}1]}`],
    ['tens of thousands of keys', `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join()}}`],
  ])('with %s is refused', async (_what, body) => {
    const [status, problem] = await send(body)
    expect([status, problem['code']]).toEqual([400, 'INVALID_ARGUMENT'])
    expect(JSON.stringify(problem).length).toBeLessThan(5_000)
    expect(reached).toEqual([])
  })
})
