import { type AddressInfo, createServer } from 'node:net'

import { Combiner, type Outcome } from './combiner'
import { ConfigError } from './config'
import { counter, gauge, readAtScrape, scrape, startMetricsServer } from './metrics'

/** The value of a series, written as a scrape shows it; undefined when there is none. */
async function valueOf(series: string): Promise<number | undefined> {
  const line = (await scrape()).split('\n').find((text) => text.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

test('a queue tells its batches, how long the first of each waited, who waits, who was refused and who gave up', async () => {
  const gates: (() => void)[] = []
  const run = async (items: number[]): Promise<Outcome<number>[]> => {
    await new Promise<void>((resolve) => gates.push(resolve))
    return items.map((value) => ({ value }))
  }
  const letGo = async (): Promise<void> => {
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve))
    gates.shift()?.()
  }
  const combiner = new Combiner<number, number>({ name: 'metered', maxItems: 100, maxQueue: 4, run })
  expect(await valueOf('combiner_refused_total{queue="metered"}')).toBe(0)
  const soon = Date.now() + 60_000
  const first = combiner.submit(0, soon)
  while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const late = combiner.submit(1, Date.now() - 1)
  const others = [2, 3, 4].map(async (item) => combiner.submit(item, soon))
  await expect(combiner.submit(5, soon)).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(await valueOf('combiner_queue_items{queue="metered"}')).toBe(4)
  await letGo()
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  await letGo()
  await Promise.all([first, ...others])

  expect(await valueOf('combiner_queue_items{queue="metered"}')).toBe(0)
  expect(await valueOf('combiner_refused_total{queue="metered"}')).toBe(1)
  expect(await valueOf('combiner_expired_total{queue="metered"}')).toBe(1)
  expect(await valueOf('combiner_batch_items_count{queue="metered"}')).toBe(2)
  expect(await valueOf('combiner_batch_items_sum{queue="metered"}')).toBe(4)
  expect(await valueOf('combiner_batch_items_bucket{le="1",queue="metered"}')).toBe(1)
  expect(await valueOf('combiner_wait_seconds_count{queue="metered"}')).toBe(2)
  expect(await valueOf('combiner_wait_seconds_sum{queue="metered"}')).toBeGreaterThan(0)
})

test('what has to be asked for is asked once for scrapes that come close together, and goes with its source', async () => {
  const seen = gauge('test_asked', 'for a test', ['place'])
  let asked = 0
  const stop = readAtScrape('test_asked', async () => {
    asked++
    return Promise.resolve([{ gauge: seen, labels: { place: 'here' }, value: 7 }])
  })
  await Promise.all([scrape(), scrape()])
  expect(await valueOf('test_asked{place="here"}')).toBe(7)
  expect(asked).toBe(1)
  stop()
  expect(await valueOf('test_asked{place="here"}')).toBeUndefined()
})

test('what can not be read, or hangs, is not there and keeps nobody from the rest', async () => {
  const lost = gauge('test_lost', 'for a test')
  expect(await valueOf('test_lost')).toBeUndefined()
  let works = true
  const now = jest.spyOn(performance, 'now')
  const stopFailing = readAtScrape('test_lost', async () => {
    if (!works) throw new Error('the database is away')
    return Promise.resolve([{ gauge: lost, value: 1 }])
  })
  expect(await valueOf('test_lost')).toBe(1)
  const later = performance.now() + 10_000
  now.mockImplementation(() => later)
  works = false
  let letGo = (): void => undefined
  const stopHanging = readAtScrape('test_hangs', async () => {
    await new Promise<void>((resolve) => {
      letGo = resolve
    })
    return []
  })
  counter('test_others_total', 'for a test').inc()
  const text = await scrape()
  expect(text).toContain('test_others_total 1')
  expect(text).toContain('metrics_unread_total{what="test_lost"} 1')
  expect(text).not.toMatch(/^test_lost 1/m)
  letGo()
  now.mockRestore()
  stopFailing()
  stopHanging()
})

test('the listener serves metrics and health and nothing else, and is off without a port', async () => {
  const server = await startMetricsServer('127.0.0.1', 0)
  const url = `http://127.0.0.1:${server.port}`
  const metrics = await fetch(`${url}/metrics`)
  expect(metrics.status).toBe(200)
  expect(metrics.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await metrics.text()).toContain('process_cpu_seconds_total')
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'not ready' }])
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404)
  await server.stop()
  await expect(fetch(`${url}/metrics`)).rejects.toThrow('fetch failed')

  const off = await startMetricsServer('127.0.0.1', undefined)
  expect(off.port).toBeUndefined()
  await off.stop()
})

test('a port that another program keeps is named', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const starting = startMetricsServer('127.0.0.1', port)
  await expect(starting).rejects.toThrow(new ConfigError(`METRICS_PORT: 127.0.0.1:${port} is in use by another program`))
  await new Promise((resolve) => taken.close(resolve))
})
