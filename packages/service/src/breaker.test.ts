import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { AuthServiceService, LoginResponse } from '@holdfast/contracts/auth'

import { Breaker, type CallEnd } from './breaker'
import { systemContext } from './context'
import { createPeer, type PeerClient } from './grpc-client'
import { type GrpcServer, type Handlers, startGrpcServer } from './grpc-server'
import { createLog } from './log'
import { scrape } from './metrics'
import { createServiceTokens, createUserTokens } from './tokens'

async function valueOf(series: string): Promise<number> {
  return Number(
    (await scrape())
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  )
}

describe('a breaker', () => {
  let breaker: Breaker
  const told: string[] = []
  const log = Object.assign(createLog('test', 'silent'), {
    info: (_: object, text: string) => told.push(text),
    warn: (_: object, text: string) => told.push(text),
  })
  beforeEach(() => {
    jest.useFakeTimers()
    told.length = 0
    breaker = new Breaker('fake', log)
  })
  afterEach(() => jest.useRealTimers())

  /** @param ms how long it takes */
  const call = (end: CallEnd, ms = 1_000): void => {
    const ended = breaker.admit()
    jest.advanceTimersByTime(ms)
    ended(end)
  }
  const times = (count: number, work: () => void): void => {
    for (let n = 0; n < count; n++) work()
  }
  const isRefused = (): boolean => {
    try {
      breaker.admit()('given up')
      return false
    } catch (error) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 1_000 })
      return true
    }
  }
  /** @param calls that have waited in vain already */
  const openIt = (calls = 0): void => {
    times(3 - calls, () => call('unanswered'))
    // The call that tries at once.
    call('unanswered')
    expect(isRefused()).toBe(true)
  }

  test('refuses calls after several in a row that waited in vain, lets one through now and then, and closes when that is answered', async () => {
    times(2, () => call('unanswered'))
    expect(isRefused()).toBe(false)
    openIt(2)
    expect(await valueOf('peer_breaker_open{peer="fake"}')).toBe(1)
    jest.advanceTimersByTime(999)
    expect(isRefused()).toBe(true)
    jest.advanceTimersByTime(1)
    const answered = breaker.admit()
    // One at a time, however long it takes.
    jest.advanceTimersByTime(60_000)
    expect(isRefused()).toBe(true)
    answered('answered')
    times(10, () => expect(isRefused()).toBe(false))
    expect(await valueOf('peer_breaker_open{peer="fake"}')).toBe(0)
    expect(await valueOf('peer_calls_refused_total{peer="fake"}')).toBe(3)
    expect(told).toEqual(['the peer does not answer; it is left alone', 'the peer answers again'])
  })

  test('lets the first call after it has opened through: it may have been this process that stood still', () => {
    const ended = [breaker.admit(), breaker.admit(), breaker.admit()]
    jest.advanceTimersByTime(8_000)
    for (const end of ended) end('unanswered')
    call('answered', 1)
    times(10, () => expect(isRefused()).toBe(false))
  })

  test('a call that had no time, was given up or lost its connection says nothing of the peer', () => {
    times(10, () => call('unanswered', 999))
    times(10, () => call('given up', 20_000))
    times(10, () => call('lost', 20_000))
    times(2, () => call('unanswered'))
    expect(isRefused()).toBe(false)
  })

  test('any answer begins the count again, and so does a connection that is refused', () => {
    for (const end of ['answered', 'lost'] as const) {
      times(5, () => {
        times(2, () => call('unanswered'))
        call(end, 5)
      })
      expect(isRefused()).toBe(false)
    }
  })

  test('while one of two replicas answers, those who wait for the other in vain do not count', () => {
    times(10, () => {
      const ended = [breaker.admit(), breaker.admit(), breaker.admit(), breaker.admit()]
      call('answered', 10)
      jest.advanceTimersByTime(3_000)
      for (const end of ended) end('unanswered')
    })
    expect(isRefused()).toBe(false)
  })

  test('the answer to a call from before it opened closes it, and what is left of an earlier try ends no later one', () => {
    const early = breaker.admit()
    times(3, () => call('unanswered'))
    const probe = breaker.admit()
    early('answered')
    expect(isRefused()).toBe(false)
    jest.advanceTimersByTime(1)
    times(3, () => call('unanswered'))
    breaker.admit()
    probe('given up')
    jest.advanceTimersByTime(5_000)
    expect(isRefused()).toBe(true)
  })

  test('a try that says nothing is followed by another', () => {
    openIt()
    for (const end of ['given up', 'lost', 'unanswered'] as const) {
      jest.advanceTimersByTime(1_000)
      call(end, 1_200)
      expect(isRefused()).toBe(true)
    }
    jest.advanceTimersByTime(1_000)
    call('answered')
    expect(isRefused()).toBe(false)
  })
})

describe('over gRPC', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const tokensOf = (service: string) => createServiceTokens(service, privateKey, { order: publicKey })
  const log = createLog('test', 'silent')
  let server: GrpcServer
  let peer: PeerClient<typeof AuthServiceService>
  let arrived = 0
  let hangs = true
  const goOn: (() => void)[] = []

  beforeAll(async () => {
    const login = async (): Promise<LoginResponse> => {
      arrived++
      if (hangs) await new Promise<void>((resolve) => goOn.push(resolve))
      return LoginResponse.decode(new Uint8Array())
    }
    server = await startGrpcServer({
      name: 'served',
      host: '127.0.0.1',
      port: 0,
      definition: AuthServiceService,
      handlers: { login } as unknown as Handlers<typeof AuthServiceService>,
      users: createUserTokens({ find: async () => Promise.resolve(undefined) }),
      services: tokensOf('served'),
      log,
    })
    peer = createPeer(AuthServiceService, { address: `127.0.0.1:${server.port}`, peer: 'served', services: tokensOf('order') })
  })
  afterAll(async () => {
    for (const answer of goOn) answer()
    peer.close()
    await server.stop()
  })

  const ask = async (timeoutMs: number): Promise<string> =>
    peer.login({ email: '', password: '' }, systemContext('order', log, timeoutMs)).then(
      () => 'OK',
      (error: unknown) => (error as { code: string }).code,
    )

  test('a peer that hangs is sent one call while all others are refused at once, and the answer to that one ends it', async () => {
    const first = Array.from({ length: 4 }, async () => ask(1_500))
    expect(await Promise.all(first)).toEqual(Array.from({ length: 4 }, () => 'DEADLINE_EXCEEDED'))
    expect(arrived).toBe(4)

    // One tries; it has time until the test is over, and the others do not wait for it.
    const probe = ask(120_000)
    const others = Array.from({ length: 20 }, async () => ask(120_000))
    expect(new Set(await Promise.all(others))).toEqual(new Set(['UNAVAILABLE']))
    expect(await valueOf('peer_breaker_open{peer="served"}')).toBe(1)
    expect(await valueOf('peer_calls_refused_total{peer="served"}')).toBe(20)

    while (goOn.length < 5) await sleep(10)
    hangs = false
    // Those that nobody waits for any more are answered, too.
    for (const answer of goOn.splice(0)) answer()
    expect(await probe).toBe('OK')
    expect(arrived).toBe(5)
    const again = Array.from({ length: 20 }, async () => ask(120_000))
    expect(new Set(await Promise.all(again))).toEqual(new Set(['OK']))
    expect(await valueOf('peer_breaker_open{peer="served"}')).toBe(0)
  })
})
