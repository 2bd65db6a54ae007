/** A short run of the whole bench, as a user starts it: that it works and that its counts add up, never how fast anything is. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Results, Run } from '../src/results'
import { hasProgram } from '../src/systems/program-version'

const main = join(__dirname, '..', 'dist', 'src', 'main.js')
const saleRequests = 800
/** One of each kind, and every system. */
const only = [
  'closed-300,sale,edge-plain-100,update-20,empty-relay/closed-1,for-update-grpc/holds-*',
  ...['closed-1', 'open-500', 'pessimistic-300', 'grpc-10', 'audit', 'audit-lag', 'crash'].map((name) => `holdfast/${name}`),
].join()
/** By the program that each needs, or the brokers, which no one names here. */
const optional = ['holdfast-kafka', 'redis-lua', 'pgbench']
const there = [...(hasProgram('redis-server') ? ['redis-lua'] : []), ...(hasProgram('pgbench') ? ['pgbench'] : [])]
const marks = 'Before\n<!-- measured: written by npm run bench -->\nold figures\n<!-- /measured -->\nAfter\n'

let folder: string
let results: Results
let output: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-test-'))
  writeFileSync(join(folder, 'report.md'), marks)
  output = await bench('--only', only, '--sale-requests', String(saleRequests), '--out', join(folder, 'report'))
  results = JSON.parse(readFileSync(join(folder, 'report', 'results.json'), 'utf8')) as Results
}, 900_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function bench(...args: string[]): Promise<string> {
  const env = { ...process.env, KAFKA_BROKERS: '' }
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--rounds', '1', '--seconds', '0.2', ...args], { env })
  return stdout
}

const find = (system: string, scenario: string): Run | undefined =>
  results.runs.find((run) => run.system === system && run.scenario === scenario)

test('everything was measured, what the machine lacks is named, and nothing failed to add up', () => {
  expect(results.problems).toEqual([])
  const expected = ['holdfast', 'empty-relay', 'for-update', 'for-update-grpc', 'nothing', 'gateway', 'by-hand', ...there]
  expect(new Set(results.runs.map(({ system }) => system))).toEqual(new Set(expected))
  expect(results.leftOut.map(({ system }) => system)).toEqual(optional.filter((system) => !there.includes(system)))
  expect(results.versions).toMatchObject({ node: process.versions.node, postgres: expect.any(String) as string })
})

test('each request has one answer, and all of them were taken outside of the sale', () => {
  for (const { sent, accepted, refused, conflicts, failed, scenario } of results.runs) {
    expect(accepted + refused + conflicts + failed).toBe(sent)
    expect(sent).toBeGreaterThan(0)
    if (scenario !== 'sale' && scenario !== 'crash') expect(accepted + conflicts).toBe(sent)
  }
})

test('events are followed into the audit log', () => {
  expect(find('holdfast', 'audit')).toMatchObject({ accepted: 2_000 })
  const { lagP50 = 0, lagP99 = 0 } = find('holdfast', 'audit-lag')?.values ?? {}
  expect(lagP50).toBeGreaterThan(0)
  expect(lagP99).toBeGreaterThanOrEqual(lagP50)
})

test('an open loop starts as many requests as it should, however fast they are answered', () => {
  expect(find('holdfast', 'open-500')).toMatchObject({ sent: 100, accepted: 100 })
})

test('a flash sale sells what there is and refuses everyone else, in every system', () => {
  for (const system of ['holdfast', 'for-update', ...(hasProgram('redis-server') ? ['redis-lua'] : [])]) {
    expect(find(system, 'sale')).toMatchObject({ accepted: 100, refused: 700, failed: 0 })
  }
})

test('what Holdfast acknowledged is there after everything was killed under load', () => {
  const crash = find('holdfast', 'crash')
  expect(crash).toMatchObject({ values: { lostRecords: 0, freeAgain: 0 } })
  expect(crash?.accepted).toBeGreaterThan(0)
})

test('figures and ratios are those of the runs, in a table, a chart and the document', () => {
  expect(results.figures).toHaveLength(results.runs.length)
  // A ratio of rates has no value where a slow machine answered nothing in so short a time.
  expect(results.goals.map(({ name }) => name)).toEqual(expect.arrayContaining(['lone', 'open-500', 'memory', 'sale']))
  expect(output).toContain('a lone request, p50: Holdfast / the empty relay')
  expect(readFileSync(join(folder, 'report', 'one-sku.svg'), 'utf8')).toContain('Holdfast, everything on')
  const document = readFileSync(join(folder, 'report.md'), 'utf8')
  expect(document).toMatch(/^Before\n[\s\S]*\| Holdfast, everything on \|[\s\S]*\nAfter\n$/)
  expect(document).not.toContain('old figures')
  expect(document).toContain('](report/one-sku.svg)')
})

test('tables and charts are made again from results.json', async () => {
  const document = readFileSync(join(folder, 'report.md'), 'utf8')
  writeFileSync(join(folder, 'report.md'), marks)
  await bench('--render', '--out', join(folder, 'report'))
  expect(readFileSync(join(folder, 'report.md'), 'utf8')).toBe(document)
})

test('a soak looks at the memory of each process all the time', async () => {
  const text = await bench('--soak', '0.05', '--only', 'soak', '--out', join(folder, 'soak'))
  const soak = JSON.parse(readFileSync(join(folder, 'soak', 'results.json'), 'utf8')) as Results
  const memory = soak.runs[0]?.memory
  expect(Object.keys(memory?.bytes ?? {})).toEqual(['inventory', 'audit', 'reservation', 'order', 'gateway'])
  expect(memory?.bytes.gateway?.length).toBeGreaterThan(3)
  expect(text).toContain('last / second quarter of the soak')
  expect(readFileSync(join(folder, 'soak', 'memory.svg'), 'utf8')).toContain('gateway')
})

test('a name that nothing has is refused in one line', async () => {
  await expect(bench('--only', 'closed-3')).rejects.toMatchObject({ code: 1, stderr: 'nothing is called closed-3\n' })
})

test('a part of the figures takes the place of nothing', async () => {
  const text = await bench('--only', 'nothing/closed-100')
  expect(text).toContain('a server that does nothing')
  expect(text).toContain('Nothing was written')
})
