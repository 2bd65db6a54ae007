import {
  type Hold,
  Hold_State,
  type HoldItem,
  type HoldResult,
  InventoryServiceService,
  Product,
  type SetWaitingRequest,
} from '@holdfast/contracts/inventory'
import {
  type GrpcServer,
  type Handlers,
  HoldfastError,
  type Logger,
  type ServiceTokens,
  startGrpcServer,
  toItemError,
} from '@holdfast/service'

type Rpc = 'hold' | 'commit' | 'release' | 'extend' | 'expire' | 'listHeld' | 'setWaiting'
type Fault = { rpc: Rpc; when: 'before' | 'after' }

/** An inventory in memory that speaks real gRPC, really keeps holds and stock, and fails where a test says so. */
export class FakeInventory {
  readonly holds = new Map<string, Hold>()
  readonly stock = new Map<string, number>()
  /** Units that wait, as last told. */
  readonly waiting = new Map<string, bigint>()
  /** How many holds were really made. */
  made = 0
  /** How many items each RPC was asked for. */
  readonly asked: Record<Rpc, number> = { hold: 0, commit: 0, release: 0, extend: 0, expire: 0, listHeld: 0, setWaiting: 0 }
  /** Holds of this owner fail, each by itself. */
  failing: string | undefined
  private fault: Fault | undefined
  private server: GrpcServer | undefined

  /** The next call of this RPC fails: before anything was done, or after all of it was. */
  failNext(rpc: Rpc, when: Fault['when']): void {
    this.fault = { rpc, when }
  }

  holdOf(id: string): Hold {
    const hold = this.holds.get(id)
    if (hold === undefined) throw new Error(`no hold ${id}`)
    return hold
  }

  /** As a payment's protection does, or (without one) an extension: the end moves, and the version grows. */
  moveEnd(id: string, expiresAt: Date, protectedUntil?: Date): void {
    const hold = this.holdOf(id)
    const baseExpiresAt = protectedUntil === undefined ? expiresAt : hold.baseExpiresAt
    this.put({ ...hold, expiresAt, baseExpiresAt, protectedUntil, version: hold.version + 1 })
  }

  put(hold: Hold): Hold {
    this.holds.set(hold.id, hold)
    return hold
  }

  empty(): void {
    this.holds.clear()
    this.stock.clear()
    this.waiting.clear()
    this.made = 0
    this.fault = undefined
    this.failing = undefined
    for (const rpc of Object.keys(this.asked) as Rpc[]) this.asked[rpc] = 0
  }

  get port(): number {
    return this.server?.port ?? 0
  }

  async start(services: ServiceTokens, log: Logger): Promise<void> {
    const nobody = { verify: async () => Promise.reject(new HoldfastError('UNAUTHENTICATED', 'no users here')) }
    const definition = InventoryServiceService
    this.server = await startGrpcServer({
      name: 'inventory',
      host: '127.0.0.1',
      port: 0,
      definition,
      handlers: this.handlers(),
      users: nobody,
      services,
      log,
    })
  }

  async stop(): Promise<void> {
    await this.server?.stop()
  }

  private handlers(): Handlers<typeof InventoryServiceService> {
    const implemented = {
      hold: async (request: { items: HoldItem[] }) => this.batch('hold', request.items, (item) => this.hold(item)),
      commit: async (request: { ids: string[] }) => this.batch('commit', request.ids, (id) => this.end(id, Hold_State.COMMITTED)),
      release: async (request: { items: { id: string; endProtection: boolean }[] }) =>
        this.batch('release', request.items, ({ id, endProtection }) => this.release(id, endProtection)),
      extend: async (request: { items: { id: string; expiresAt: Date }[] }) =>
        this.batch('extend', request.items, ({ id, expiresAt }) => this.extend(id, expiresAt)),
      expire: async (request: { ids: string[] }) => ({
        ...(await this.batch('expire', request.ids, (id) => this.expire(id))),
        now: new Date(),
      }),
      getProduct: async ({ sku }: { sku: string }) => Promise.resolve({ product: Product.fromPartial({ sku }), requestId: '' }),
      setWaiting: async ({ waiting }: SetWaitingRequest) => {
        this.meetFault('setWaiting', 'before')
        this.asked.setWaiting++
        for (const { sku, units } of waiting) this.waiting.set(sku, units)
        return Promise.resolve({})
      },
      listHeld: async (request: { minAgeMs: number; pageSize: number; pageToken: string }) => this.listHeld(request),
    }
    const others = Object.keys(InventoryServiceService).map((name) => [
      name,
      async () => Promise.reject(new HoldfastError('UNIMPLEMENTED', `${name} is not in this fake`)),
    ])
    return { ...Object.fromEntries(others), ...implemented } as Handlers<typeof InventoryServiceService>
  }

  private async batch<Item>(rpc: Rpc, items: Item[], decide: (item: Item) => HoldResult): Promise<{ results: HoldResult[] }> {
    this.meetFault(rpc, 'before')
    this.asked[rpc] += items.length
    const results = items.map(decide)
    this.meetFault(rpc, 'after')
    return Promise.resolve({ results })
  }

  private meetFault(rpc: Rpc, when: Fault['when']): void {
    if (this.fault?.rpc !== rpc || this.fault.when !== when) return
    this.fault = undefined
    throw new HoldfastError('UNAVAILABLE', 'killed by the test')
  }

  private hold(item: HoldItem): HoldResult {
    if (item.owner === this.failing) return refused(new HoldfastError('UNAVAILABLE', 'this one by the test'))
    const known = this.holds.get(item.id)
    if (known !== undefined) {
      if (known.owner !== '' && known.fingerprint !== item.fingerprint)
        return refused(new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'other'))
      return { hold: known, error: undefined, replayed: true }
    }
    const short = item.lines.findIndex((line) => (this.stock.get(line.sku) ?? 0) < line.quantity)
    if (short >= 0) {
      const fields = [{ field: `lines[${short}].sku`, message: 'not enough stock' }]
      return refused(new HoldfastError('INSUFFICIENT_STOCK', 'Not enough stock', { fields }))
    }
    for (const line of item.lines) this.take(line, -1)
    this.made++
    const now = Date.now()
    const hold: Hold = {
      id: item.id,
      state: Hold_State.HELD,
      expiresAt: new Date(now + item.ttlSeconds * 1000),
      version: 1,
      linesVersion: 1,
      fills: 0,
      owner: item.owner,
      fingerprint: item.fingerprint,
      lines: item.lines.map((line) => ({
        ...line,
        unitPrice: { currency: 'EUR', amountMinor: 9_007_199_254_740_993n },
        parts: [],
        backordered: 0,
      })),
      createdAt: new Date(now),
      protectedUntil: undefined,
      baseExpiresAt: new Date(now + item.ttlSeconds * 1000),
    }
    return { hold: this.put(hold), error: undefined, replayed: false }
  }

  private take(line: { sku: string; quantity: number }, sign: 1 | -1): void {
    this.stock.set(line.sku, (this.stock.get(line.sku) ?? 0) + sign * line.quantity)
  }

  /** HELD and not due, or why not. */
  private end(id: string, state: Hold_State): HoldResult {
    const hold = this.holds.get(id)
    if (hold === undefined) return refused(new HoldfastError('NOT_FOUND', `There is no hold ${id}`))
    if (hold.state === state) return { hold, error: undefined, replayed: true }
    const over = hold.state === Hold_State.EXPIRED || (hold.state === Hold_State.HELD && isDue(hold))
    if (over) return refused(new HoldfastError('RESERVATION_EXPIRED', 'over'), hold)
    if (hold.state !== Hold_State.HELD) return refused(new HoldfastError('RESERVATION_NOT_ACTIVE', `is ${hold.state}`), hold)
    return { hold: this.leave(hold, state), error: undefined, replayed: false }
  }

  private leave(hold: Hold, state: Hold_State): Hold {
    if (state !== Hold_State.COMMITTED) for (const line of hold.lines) this.take(line, 1)
    return this.put({ ...hold, state, version: hold.version + 1 })
  }

  private release(id: string, endProtection: boolean): HoldResult {
    const hold = this.holds.get(id)
    const now = new Date()
    if (hold === undefined) {
      const tombstone = {
        id,
        state: Hold_State.RELEASED,
        expiresAt: now,
        baseExpiresAt: now,
        version: 1,
        linesVersion: 1,
        fills: 0,
        owner: '',
        fingerprint: '',
        lines: [],
      }
      return { hold: this.put({ ...tombstone, createdAt: now, protectedUntil: undefined }), error: undefined, replayed: false }
    }
    const isProtected = hold.protectedUntil !== undefined && hold.protectedUntil > now
    if (hold.state === Hold_State.HELD && isProtected && !endProtection) {
      return refused(new HoldfastError('PAYMENT_IN_PROGRESS', 'a payment is under way'), hold)
    }
    if (hold.state === Hold_State.HELD) return { hold: this.leave(hold, Hold_State.RELEASED), error: undefined, replayed: false }
    return this.end(id, Hold_State.RELEASED)
  }

  private extend(id: string, expiresAt: Date): HoldResult {
    const hold = this.holds.get(id)
    if (hold === undefined || hold.state !== Hold_State.HELD || isDue(hold)) return this.end(id, Hold_State.HELD)
    const baseExpiresAt = latest(hold.baseExpiresAt, expiresAt)
    const moved = { ...hold, baseExpiresAt, expiresAt: latest(hold.protectedUntil, baseExpiresAt), version: hold.version + 1 }
    return { hold: this.put(moved), error: undefined, replayed: false }
  }

  private expire(id: string): HoldResult {
    const hold = this.holds.get(id)
    if (hold === undefined) return refused(new HoldfastError('NOT_FOUND', `There is no hold ${id}`))
    const ends = hold.state === Hold_State.HELD && isDue(hold)
    return { hold: ends ? this.leave(hold, Hold_State.EXPIRED) : hold, error: undefined, replayed: false }
  }

  private async listHeld({ minAgeMs, pageSize, pageToken }: { minAgeMs: number; pageSize: number; pageToken: string }) {
    this.meetFault('listHeld', 'before')
    this.asked.listHeld++
    const held = [...this.holds.values()].filter((hold) => hold.state === Hold_State.HELD && ageOf(hold) >= minAgeMs)
    const from = Number(pageToken)
    const holds = held.slice(from, from + pageSize).map((hold) => ({ ...hold, lines: [] }))
    return Promise.resolve({ holds, nextPageToken: from + pageSize < held.length ? String(from + pageSize) : '' })
  }
}

function latest(one: Date | undefined, other: Date): Date {
  return one !== undefined && one > other ? one : other
}

function isDue(hold: Hold): boolean {
  return hold.expiresAt !== undefined && hold.expiresAt.getTime() <= Date.now()
}

function ageOf(hold: Hold): number {
  return Date.now() - (hold.createdAt?.getTime() ?? 0)
}

function refused(error: HoldfastError, hold?: Hold): HoldResult {
  return { hold, error: toItemError(error), replayed: false }
}
