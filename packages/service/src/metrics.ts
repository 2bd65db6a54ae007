/** Prometheus metrics of this process: whoever has something to tell adds to one registry, and a scrape reads it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import { ConfigError } from './config'
import { isServing } from './service'

const registry = new Registry()

/** Bounds of durations, in seconds: from a lone statement to a payment that waits for its provider. */
const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Something that is counted from the start of the process. The name ends in `_total`; label values must be few. */
export function counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] })
}

/** @param bounds upper bounds of its buckets; those of durations in seconds */
export function histogram<Label extends string = never>(
  name: string,
  help: string,
  labelNames: Label[] = [],
  bounds = durationBounds,
): Histogram<Label> {
  return new Histogram({ name, help, labelNames, buckets: bounds, registers: [registry] })
}

/** @param collect sets it, at each scrape; it must be quick (what has to be asked for is for {@link readAtScrape}) */
export function gauge<Label extends string = never>(
  name: string,
  help: string,
  labelNames: Label[] = [],
  collect?: (gauge: Gauge<Label>) => void,
): Gauge<Label> {
  const made = new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    ...(collect !== undefined && {
      collect() {
        collect(this)
      },
    }),
  })
  // Until it is set there is none: a 0 that nobody has read would be a lie.
  if (labelNames.length === 0) made.remove()
  return made
}

/** A value of a gauge, as it was read. */
export interface Reading {
  gauge: Gauge
  labels?: Record<string, string>
  value: number
}

/** However many scrape, and however often: what costs a query is asked for once in so long, in ms, */
const freshMs = 5_000
/** and what takes long so many times as long as it took, */
const pace = 20
/** but at most this, in ms. */
const freshMostMs = 30_000
/** A scrape waits so long for what it asked, in ms: when the database hangs, the other metrics are needed most. */
const patienceMs = 2_000
/** What takes longer shows its last value until that is so old, in ms. */
const keepMs = 60_000

const readers = new Set<Reader>()
const unread = counter('metrics_unread_total', 'Values that could not be read at a scrape', ['what'])

/**
 * Gauges that have to be asked for, as by a query: they are read when somebody scrapes, and not there while they can't be.
 * @returns ends it, and takes the values away
 */
export function readAtScrape(what: string, read: () => Promise<Reading[]>): () => void {
  unread.inc({ what }, 0)
  const reader = new Reader(what, read)
  readers.add(reader)
  return () => {
    readers.delete(reader)
    reader.stop()
  }
}

class Reader {
  private shown: Reading[] = []
  private readAt = -Infinity
  private freshMs = 0
  private underWay: Promise<void> | undefined
  private stopped = false

  constructor(
    private readonly what: string,
    private readonly read: () => Promise<Reading[]>,
  ) {}

  async refresh(): Promise<void> {
    if (performance.now() - this.readAt < this.freshMs) return
    this.underWay ??= this.readOnce().finally(() => {
      this.underWay = undefined
    })
    await this.underWay
  }

  forgetOld(): void {
    if (performance.now() - this.readAt > keepMs) this.show([])
  }

  stop(): void {
    this.show([])
    this.stopped = true
  }

  private async readOnce(): Promise<void> {
    const askedAt = performance.now()
    try {
      this.show(await this.read())
      this.readAt = performance.now()
      this.freshMs = Math.min(freshMostMs, Math.max(freshMs, pace * (this.readAt - askedAt)))
    } catch {
      // What fails is told by others' logs; a value that may be wrong is worse than none.
      this.show([])
      unread.inc({ what: this.what })
    }
  }

  private show(readings: Reading[]): void {
    if (this.stopped) return
    for (const { gauge, labels = {} } of this.shown) gauge.remove(labels)
    for (const { gauge, labels = {}, value } of readings) gauge.set(labels, value)
    this.shown = readings
  }
}

let processMetrics = false
let underWay: Promise<string> | undefined

/** All metrics of this process in Prometheus' text format; who asks meanwhile gets the same text. */
export async function scrape(): Promise<string> {
  underWay ??= collect().finally(() => {
    underWay = undefined
  })
  return underWay
}

async function collect(): Promise<string> {
  if (!processMetrics) collectDefaultMetrics({ register: registry })
  processMetrics = true
  const asked = Promise.all([...readers].map(async (reader) => reader.refresh()))
  await Promise.race([asked, sleep(patienceMs, undefined, { ref: false })])
  for (const reader of readers) reader.forgetOld()
  return registry.metrics()
}

/** The content type of {@link scrape}'s text. */
export const scrapeType: string = registry.contentType

export interface MetricsServer {
  /** Undefined: it is off. */
  readonly port: number | undefined
  stop(): Promise<void>
}

/**
 * Serves /metrics, /healthz (the process answers) and /readyz (its service takes calls) on a listener of their own, which is nobody's business outside.
 * @param port 0: any free one; undefined: no listener
 * @throws ConfigError when the port is taken
 */
export async function startMetricsServer(host: string, port: number | undefined): Promise<MetricsServer> {
  if (port === undefined) return { port, stop: async () => Promise.resolve() }
  const server = createServer((request, response) => {
    const path = request.method === 'GET' || request.method === 'HEAD' ? request.url?.split('?')[0] : undefined
    if (path === '/metrics') {
      scrape().then(
        (text) => response.writeHead(200, { 'content-type': scrapeType }).end(text),
        (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error)),
      )
    } else if (path === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
    } else if (path === '/readyz') {
      const ready = isServing()
      const status = ready ? 'ready' : 'not ready'
      response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify({ status }))
    } else {
      response.writeHead(404).end()
    }
  })
  return {
    port: await listen(server, host, port),
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(taken ? new ConfigError(`METRICS_PORT: ${host}:${port} is in use by another program`) : error)
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
