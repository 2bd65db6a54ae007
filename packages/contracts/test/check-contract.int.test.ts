/** What buf lint can't know about the contract fails the build: tried on a copy of proto/ with one thing taken away. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(__dirname, '..', '..', '..')
const service = join('proto', 'holdfast', 'audit', 'v1', 'audit_service.proto')
const inventory = join('proto', 'holdfast', 'inventory', 'v1', 'inventory_service.proto')
const events = join('proto', 'holdfast', 'reservation', 'v1', 'events.proto')

/** The problems that the build would tell, after `change` has been made to a file. */
function problemsAfter(file: string, change: (proto: string) => string): string[] {
  const copy = mkdtempSync(join(tmpdir(), 'holdfast-contract-'))
  try {
    cpSync(join(root, 'proto'), join(copy, 'proto'), { recursive: true })
    cpSync(join(root, 'buf.yaml'), join(copy, 'buf.yaml'))
    for (const name of ['google-proto-files', 'grpc-health-check']) {
      const target = join('packages', 'contracts', 'node_modules', name)
      cpSync(join(root, target), join(copy, target), { recursive: true, dereference: true })
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    const path = join(copy, file)
    const before = readFileSync(path, 'utf8')
    const after = change(before)
    expect(after).not.toBe(before)
    writeFileSync(path, after)
    const buf = join(root, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf')
    const set = join(copy, 'descriptors.binpb')
    execFileSync(process.execPath, [buf, 'build', '--as-file-descriptor-set', '--path', 'proto/holdfast', '-o', set], {
      cwd: copy,
    })
    const script = pathToFileURL(join(root, 'packages', 'contracts', 'scripts', 'check-contract.mjs')).href
    const code = `import { readFileSync } from 'node:fs'; import { checkContract } from '${script}'
      console.log(JSON.stringify(checkContract(readFileSync(${JSON.stringify(set)}))))`
    return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })) as string[]
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const dropLine = (text: string) => (proto: string) => proto.replace(text, '')

test.each([
  [
    'an RPC that does not say who may call it',
    service,
    dropLine('    option (holdfast.common.v1.access) = {who: ADMIN};\n'),
    'does not say who may call it',
  ],
  [
    'an RPC for services that names none',
    service,
    (proto: string) => proto.replace('{who: ADMIN}', '{who: SERVICE}'),
    'is for services but names none',
  ],
  [
    'an RPC without a route',
    service,
    dropLine('    option (google.api.http) = {get: "/v1/audit/records"};\n'),
    'has neither a route',
  ],
  [
    'an RPC that has a route and says that it has none',
    service,
    (proto: string) =>
      proto.replace(
        '  rpc VerifyAudit(VerifyAuditRequest) returns (VerifyAuditResponse) {\n',
        '$&    option (holdfast.common.v1.no_route) = true;\n',
      ),
    'has a route and says no_route',
  ],
  [
    'a stream of requests',
    service,
    (proto: string) => proto.replace('rpc VerifyAudit(VerifyAuditRequest)', 'rpc VerifyAudit(stream VerifyAuditRequest)'),
    'takes a stream',
  ],
  [
    'a stream whose route is no GET',
    inventory,
    (proto: string) => proto.replace('{get: "/v1/availability:watch"}', '{post: "/v1/availability:watch"}'),
    'its one route has to be a GET',
  ],
  [
    'a stream that says that it changes something',
    inventory,
    (proto: string) =>
      proto.replace(
        '{get: "/v1/availability:watch"};\n',
        '{get: "/v1/availability:watch"};\n    option (holdfast.common.v1.mutates) = true;\n',
      ),
    'answers a stream and says mutates',
  ],
  [
    'a read that is kept though it is not for anybody',
    inventory,
    (proto: string) =>
      proto.replace(
        '{who: PUBLIC};\n    option (holdfast.common.v1.cached)',
        '{who: USER};\n    option (holdfast.common.v1.cached)',
      ),
    'ListProducts is cached, but it is not a unary read for anybody',
  ],
  [
    'a read that is kept though nobody tells what has changed',
    inventory,
    (proto: string) => proto.replace('changes: "ListProductChanges" name', 'changes: "GetStockHistory" name'),
    'GetProduct is cached, but GetStockHistory does not tell what has changed',
  ],
  [
    'a read that is kept by a name that its answer has not',
    inventory,
    (proto: string) => proto.replace('name: "product.sku"', 'name: "product.id"'),
    'GetProduct is cached, but its answer has no text product.id',
  ],
  [
    'an event of a strange type',
    events,
    (proto: string) => proto.replace('"holdfast.reservation.created.v1"', '"Created"'),
    'is no event type',
  ],
  [
    'an event on a topic that its file does not declare',
    events,
    (proto: string) => proto.replace('extended.v1" topic: "holdfast.reservation.v1"', 'extended.v1" topic: "holdfast.order.v1"'),
    'does not say what holdfast.order.v1 is keyed by',
  ],
  [
    'two events of one type',
    events,
    (proto: string) => proto.replace('"holdfast.reservation.extended.v1"', '"holdfast.reservation.created.v1"'),
    'have one type',
  ],
])('%s fails the build', (_what, file, change, problem) => {
  expect(problemsAfter(file, change)).toEqual([expect.stringContaining(problem)])
})
