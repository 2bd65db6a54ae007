/**
 * The OpenAPI document as others read it: Schemathesis makes requests from it, right and wrong ones, and holds each answer against it.
 * No 5xx, and nothing that the document does not say. CONTRIBUTING.md says how to ask for more.
 */
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { adminToken, api } from '@holdfast/testing'

import { openShop, type Shop } from './shop'

/** Requests to one operation, at most; an example of the document counts beside them. */
const examples = process.env.HOLDFAST_SCHEMATHESIS_EXAMPLES ?? '3'
const seed = process.env.HOLDFAST_SCHEMATHESIS_SEED ?? String(randomInt(1_000_000))
const timeoutMs = 60_000 + Number(examples) * 60_000

/** A stream does not end, so there is nothing to hold against the document; events.int.test.ts of the gateway reads them. */
const streams = ['/v1/availability:watch']
/** Ends the token that asks: it has a run of its own. */
const endsTokens = '/v1/auth/logout:everywhere'

let shop: Shop
let folder: string
beforeAll(async () => {
  shop = await openShop({ notifications: true })
  folder = await mkdtemp(join(tmpdir(), 'holdfast-schemathesis-'))
  // Else it would find out how to register and log in, and nobody would be anonymous.
  await writeFile(join(folder, 'schemathesis.toml'), '[auth]\nauto-signup = false\n')
})
afterAll(async () => {
  await shop.close()
  await rm(folder, { recursive: true, force: true })
})

const checks = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance']

/** As Schemathesis writes it. */
interface Report {
  operations: { tested: number; errored: number; skipped: number }
  failures: unknown[]
  errors: unknown[]
}

/** @param operations which ones, as options say it @throws Error that tells what was found, and how to see it again */
async function run(token: string | undefined, operations: string[]): Promise<Report> {
  const report = join(folder, 'report.json')
  await rm(report, { force: true })
  const how = `--checks ${checks.join(',')} --phases examples,fuzzing --max-examples ${examples} --seed ${seed} --request-timeout 20`
  const options = [
    ...`${how} --suppress-health-check all --warnings off --no-color --report-json-path`.split(' '),
    report,
    ...(token === undefined ? [] : ['--header', `Authorization:Bearer ${token}`]),
    ...operations,
  ]
  const said = await new Promise<string>((resolve) => {
    const settings = { cwd: folder, timeout: timeoutMs, maxBuffer: 100_000_000 }
    execFile('schemathesis', ['run', `${shop.system.url}/openapi.json`, ...options], settings, (error, stdout, stderr) =>
      resolve(error === null ? '' : `${stdout}${stderr}\n${error.code ?? error.signal}`),
    )
  })
  // Its requests may be as long as a request can be.
  if (said !== '') throw new Error(`HOLDFAST_SCHEMATHESIS_SEED=${seed}\n${said.replaceAll(/^(.{500}).+$/gm, '$1 ...')}`)
  return JSON.parse(await readFile(report, 'utf8')) as Report
}

/** Operations of the document, but for some paths. */
async function operationsBut(excluded: string[]): Promise<number> {
  const { body } = await shop.anonymous.get<{ paths: Record<string, object> }>('/openapi.json')
  const paths = Object.entries(body.paths).filter(([path]) => !excluded.includes(path))
  return paths.reduce((sum, [, operations]) => sum + Object.keys(operations).length, 0)
}

const who: [string, () => Promise<string | undefined>][] = [
  ['nobody', async () => Promise.resolve(undefined)],
  ['a user', async () => (await shop.shopper()).user.token],
  ['an admin', async () => adminToken(shop.system)],
]

test.each(who)(
  'whatever %s asks, the answer is one that the document tells of, and no 5xx',
  async (_who, tokenOf) => {
    const token = await tokenOf()
    const excluded = [...streams, endsTokens]
    const report = await run(
      token,
      excluded.flatMap((path) => ['--exclude-path', path]),
    )
    const all = { tested: await operationsBut(excluded), errored: 0, skipped: 0 }
    expect(report).toMatchObject({ operations: all, failures: [], errors: [] })
    // It was asked as who it was meant to be, up to the end.
    if (token !== undefined) expect((await api(shop.system.url, { token }).get('/v1/auth/me')).status).toBe(200)
  },
  timeoutMs + 10_000,
)

test(
  'and so when the token has been ended on the way',
  async () => {
    const shopper = await shop.shopper()
    expect(await run(shopper.user.token, ['--include-path', endsTokens])).toMatchObject({
      operations: { tested: 1 },
      failures: [],
      errors: [],
    })
    expect((await shopper.get('/v1/auth/me')).status).toBe(401)
  },
  timeoutMs + 10_000,
)
