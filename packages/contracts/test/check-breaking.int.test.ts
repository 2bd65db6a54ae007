/** What would break those who use the last release fails the check: tried on a copy of proto/ with one thing changed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(__dirname, '..', '..', '..')
const script = join(root, 'packages', 'contracts', 'scripts', 'check-breaking.mjs')
const proto = (context: string, file: string) => join('proto', 'holdfast', context, 'v1', `${file}.proto`)

let copy: string
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'holdfast-breaking-'))
  cpSync(join(root, 'buf.yaml'), join(copy, 'buf.yaml'))
  for (const name of ['google-proto-files', 'grpc-health-check']) {
    const target = join('packages', 'contracts', 'node_modules', name)
    cpSync(join(root, target), join(copy, target), { recursive: true, dereference: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
})
beforeEach(() => {
  cpSync(join(root, 'proto'), join(copy, 'proto'), { recursive: true })
  run('--write')
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

function run(...args: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { cwd: copy, encoding: 'utf8' })
}

function change(file: string, from: string, to: string): void {
  const before = readFileSync(join(copy, file), 'utf8')
  expect(before).toContain(from)
  writeFileSync(join(copy, file), before.replace(from, to))
}

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@shop.example', ...args], { cwd: copy, stdio: 'ignore' })

const types = proto('common', 'types')
const order = proto('order', 'events')
const audit = proto('audit', 'audit_service')

test.each([
  ['a field that is gone', types, '  string currency = 1;', '', 'field "1" with name "currency" on message "Money" was deleted'],
  ['a field under another number', types, 'string currency = 1;', 'string currency = 3;', 'field "1" with name "currency"'],
  ['a field under another name', types, 'string currency = 1;', 'string iso_code = 1;', '"currency" to "iso_code"'],
  ['a field of another type', types, 'int64 amount_minor', 'string amount_minor', 'from "int64" to "string"'],
  ['an enum value that is gone', types, 'ANONYMOUS = 4;', 'reserved 4;', 'enum value "4" on enum "Role" was deleted'],
  [
    'an event on another topic',
    order,
    'type: "holdfast.order.placed.v1" topic: "holdfast.order.v1"',
    'type: "holdfast.order.placed.v1" topic: "holdfast.orders.v1"',
    'event holdfast.order.placed.v1 was holdfast.order.v1.OrderPlaced on holdfast.order.v1, audited, and is',
  ],
  ['an event of another type', order, 'order.placed.v1', 'order.put.v1', 'event holdfast.order.placed.v1 is gone'],
  [
    'another JSON route',
    audit,
    'get: "/v1/audit/records"',
    'get: "/v1/audit/log"',
    'ListAuditRecords was GET /v1/audit/records, and is GET /v1/audit/log',
  ],
])('%s fails the check', (_what, file, from, to, problem) => {
  change(file, from, to)
  const { status, stderr } = run()
  expect(stderr).toContain(problem)
  expect(status).toBe(1)
})

test('what is added passes', () => {
  change(types, '  string currency = 1;', '  string currency = 1;\n  string note = 9;')
  change(order, 'message OrderPlaced {', 'message OrderForgotten {\n  Order after = 1;\n}\n\nmessage OrderPlaced {')
  expect(run()).toMatchObject({ status: 0, stderr: '' })
})

test('what a release promised counts, not a baseline that was made anew on the way', () => {
  writeFileSync(join(copy, '.gitignore'), 'node_modules\n')
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'release')
  git('tag', 'v0.1.0')
  change(types, '  string currency = 1;', '')
  run('--write')
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('"currency" on message "Money" was deleted') })
})
