import { setTimeout as sleep } from 'node:timers/promises'

import { Client, types } from 'pg'

import { Latencies } from '../load/latencies'
import { benchName } from '../systems/processor-time'
import type { RunningSystem } from '../systems/system'

/** How finely it is known when a record was there, in ms. */
const lookMs = 5
/** Nothing more comes of what has not grown for so long, in ms. */
const patienceMs = 30_000

interface Look {
  /** The last record that could be read. */
  sequence: bigint
  /** Since 1970, in ms; the clock of the database too, which is on the same machine. */
  at: number
}

/** Looks all the time at how far the audit log goes. */
export class AuditWatch {
  private readonly looks: Look[] = []
  private watching = true
  private done: Promise<void> = Promise.resolve()

  private constructor(
    private readonly client: Client,
    /** The last record that was there before. */
    readonly first: bigint,
  ) {}

  static async start({ databaseOf }: RunningSystem): Promise<AuditWatch> {
    if (databaseOf === undefined) throw new Error('it has no audit log')
    const client = new Client({ connectionString: databaseOf('audit'), application_name: benchName })
    client.setTypeParser(types.builtins.INT8, BigInt)
    await client.connect()
    const watch = new AuditWatch(client, await readEnd(client))
    watch.done = watch.look()
    return watch
  }

  /** Resolves when the log goes as far. @throws when it has stopped growing before */
  async until(sequence: bigint, signal: AbortSignal): Promise<void> {
    const begunAt = Date.now()
    for (;;) {
      const last = this.looks.at(-1) ?? { sequence: this.first, at: begunAt }
      if (last.sequence >= sequence) return
      if (Date.now() - Math.max(begunAt, last.at) > patienceMs) {
        throw new Error(`the audit log stands at ${last.sequence}, and should go on to ${sequence}`)
      }
      await sleep(lookMs, undefined, { signal })
    }
  }

  /** From when it began to grow to the last time that it was seen to. */
  secondsSinceFirst(): number {
    const [begun] = this.looks
    const last = this.looks.at(-1)
    return begun === undefined || last === undefined ? 0 : (last.at - begun.at) / 1000
  }

  /** How late each record was there after its event, without some at the beginning; at most by `lookMs` too much. */
  async lags(without: number): Promise<Latencies> {
    const { rows } = await this.client.query<{ sequence: bigint; at: Date }>(
      'select sequence, at from audit_records where sequence > $1 order by sequence',
      [this.first + BigInt(without)],
    )
    const lags = new Latencies()
    let next = 0
    for (const { sequence, at } of rows) {
      while (next < this.looks.length && (this.looks[next]?.sequence ?? sequence) < sequence) next++
      const seen = this.looks[next]
      if (seen !== undefined) lags.record(seen.at - at.getTime())
    }
    return lags
  }

  async stop(): Promise<void> {
    this.watching = false
    await this.done.catch(() => undefined)
    await this.client.end()
  }

  /** Keeps the looks at which it had grown. */
  private async look(): Promise<void> {
    let known = this.first
    while (this.watching) {
      const sequence = await readEnd(this.client)
      if (sequence > known) this.looks.push({ sequence, at: Date.now() })
      known = sequence
      await sleep(lookMs)
    }
  }
}

async function readEnd(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ sequence: bigint }>({ name: 'audit-end', text: 'select sequence from audit_head' })
  return rows[0]?.sequence ?? 0n
}
