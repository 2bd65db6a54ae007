/** Each command against a running system: what people see, what scripts get, and what is wrong. */
import { spawn } from 'node:child_process'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'

import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { api, type Api, logIn, startTestSystem, type TestSystem, waitFor } from '@holdfast/testing'

import { Cli } from '../src/cli'
import { createProgram } from '../src/program'
import { bin, newPerson, type Person, type Ran } from './holdfast'

jest.setTimeout(300_000)

let system: TestSystem
let asAdmin: Api
let admin: Person
let shopper: Person
let nobody: Person
const password = 'a long one: 48151623'

/** Command lines without the names of options, to see in the end that each command was there. */
const ran: string[][] = []

function noted(person: Person): Person {
  const note = <Args extends string[], Answer>(run: (...words: Args) => Answer) => {
    return (...words: Args): Answer => {
      ran.push(words)
      return run(...words)
    }
  }
  return { ...person, run: note(person.run), runWith: note(person.runWith), json: note(person.json) as Person['json'] }
}

beforeAll(async () => {
  system = await startTestSystem({ notifications: true })
  const env = { HOLDFAST_URL: system.url }
  const people = await Promise.all([newPerson(env), newPerson(env), newPerson(env)])
  ;[admin, shopper, nobody] = people.map(noted) as [Person, Person, Person]
  const { email, password: adminPassword } = system.credentials.admin
  const [signedIn, registered] = await Promise.all([
    admin.runWith(`${adminPassword}\n`, 'login', '--email', email, '--password-stdin'),
    shopper.runWith(password, 'register', '--email', 'shopper@shop.example', '--password-stdin'),
  ])
  expect(signedIn).toMatchObject({ exitCode: 0, stdout: `Signed in at ${system.url} as ${email} (ADMIN).\n` })
  expect(registered).toMatchObject({
    exitCode: 0,
    stdout: `Registered and signed in at ${system.url} as shopper@shop.example.\n`,
  })
  asAdmin = api(system.url, { token: (await logIn(system.url, system.credentials.admin)).token })
  await done(admin.run('create-product', 'CAMERA', '4K Camera', '--price', '1599.99', '--stock', '20'))
})
afterAll(async () => {
  await Promise.all([admin, shopper, nobody].map(async (person) => person.remove()))
  await system.stop()
})

/** @returns standard output of what has to succeed */
async function done(running: Promise<Ran>): Promise<string> {
  const { exitCode, stdout, stderr } = await running
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}: ${stderr}`)
  return stdout
}

/** The id of what a command has made. */
const made = async (running: Promise<Ran>): Promise<string> => (await done(running)).trim()

const hold = async (...words: string[]): Promise<string> => made(shopper.run('create-hold', ...words, '-q'))

describe('the catalogue', () => {
  test('a product is made, shown, changed and listed', async () => {
    const shown = await done(admin.run('create-product', 'tripod', 'Tall tripod', '--price', '49.90 EUR', '--low-stock-at', '2'))
    expect(shown).toMatch(/^sku +TRIPOD\nname +Tall tripod\nprice +49\.90 EUR\n/)
    expect(await admin.run('create-product', 'TRIPOD', 'Another', '--price', '1')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^holdfast: .*\(ALREADY_EXISTS\)\nrequest id: [\w-]+\n$/),
    })
    await done(admin.run('update-product', 'TRIPOD', '--price', '55 EUR', '--expected-version', '1'))
    expect(await admin.run('update-product', 'TRIPOD', '--name', 'x', '--expected-version', '1')).toMatchObject({ exitCode: 1 })
    const ahead = ['--backorder', '5', '--backorder-until', '2031-05-01T00:00:00Z']
    expect(await done(admin.run('update-product', 'TRIPOD', ...ahead))).toMatch(/beyond stock +5 in MAIN\nexpected at +2031-/)
    expect(await done(admin.run('update-product', 'TRIPOD', '--backorder', '-1'))).not.toMatch(/beyond stock/)
    const bundle = ['--part', 'CAMERA', '--part', 'TRIPOD=2']
    await done(admin.run('create-product', 'KIT', 'Camera and tripods', '--price', '1,0'.replace(',', '.'), ...bundle))
    expect(await done(nobody.run('product', 'KIT'))).toMatch(/made of +1 CAMERA, 2 TRIPOD/)
  })

  test('with --json a list is what the API answers, a page on a line; with --quiet it is ids', async () => {
    const answer = (await asAdmin.get('/v1/products?pageSize=2')).body
    expect(await nobody.json('list-products', '--limit', '2')).toEqual(answer)
    expect((await nobody.run('list-products', '--limit', '2', '--quiet')).stdout).toBe('CAMERA\nKIT\n')
    expect((await nobody.run('list-products', '--search', '4k cam', '--quiet')).stdout).toBe('CAMERA\n')
    expect((await nobody.run('list-products', '--limit', '2')).stderr).toBe('There is more: --limit N, or --all\n')
    expect((await nobody.run('products', '--all', '-q')).stdout).toBe('CAMERA\nKIT\nTRIPOD\n')
  })
})

describe('stock', () => {
  test('it is adjusted by so many, or from what was counted to what is there, with the present figure where that was wrong', async () => {
    expect(await done(admin.run('adjust', 'TRIPOD', '9', '--reason', 'found'))).toMatch(/available +9\non hand +9/)
    await done(admin.run('adjust', 'TRIPOD', '-2', '--reason', 'broken', '--reason-code', 'DAMAGE'))
    const counted = ['adjust', 'TRIPOD', '--expected-on-hand', '9', '--on-hand', '8', '--reason', 'counted']
    expect(await admin.run(...counted)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/\(CONFLICT\)\n {2}.*7/) })
    expect(await admin.run('adjust', 'TRIPOD', '--reason', 'why')).toMatchObject({ exitCode: 2 })
  })

  test('a key makes it happen once, whoever repeats it', async () => {
    const once = ['adjust', 'TRIPOD', '3', '--reason', 'found', '--key', 'three-more']
    await done(admin.run(...once))
    expect(await admin.run(...once)).toMatchObject({
      stdout: expect.stringMatching(/on hand +10\n/),
      stderr: 'It had been done before: this is how it is now.\n',
    })
    expect(await admin.run('adjust', 'TRIPOD', '4', '--reason', 'found', '--key', 'three-more')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(IDEMPOTENCY_KEY_REUSED)'),
    })
  })

  test('it is moved between states, kept back, and taken out', async () => {
    await done(admin.run('move', 'TRIPOD', '1', '--from', 'SELLABLE', '--to', 'DAMAGED', '--reason', 'a dent'))
    expect(await done(admin.run('safety', 'TRIPOD', '2'))).toMatch(/available +7\n[\s\S]*damaged +1\n[\s\S]*safety +2\n/)
    const take = ['allocate', 'TRIPOD=2', '--reference', 'SHOW-1', '--reason', 'for the show']
    expect(await done(admin.run(...take))).toMatch(/TRIPOD +2 +MAIN\n/)
    await done(admin.run(...take))
    const level = await nobody.json<{ availability: object[] }>('availability', 'TRIPOD')
    expect(level).toEqual((await asAdmin.get('/v1/availability?skus=TRIPOD')).body)
    expect(level.availability).toMatchObject([{ onHand: 8, available: 5, withheld: 3 }])
  })

  test('it has warehouses, and channels that see some of them', async () => {
    await done(admin.run('warehouses', 'create', 'NORTH', 'In the north', '--priority', '5'))
    await done(admin.run('warehouses', 'update', 'NORTH', '--name', 'Far north'))
    expect(await done(nobody.run('warehouses'))).toMatch(/\nMAIN .*\nNORTH +Far north +5 +2\n/)
    await done(admin.run('channels', 'create', 'WEB', 'The shop', 'NORTH', 'MAIN'))
    await done(admin.run('channels', 'update', 'WEB', '--warehouses', 'NORTH'))
    expect(await done(nobody.run('channels', 'show', 'web'))).toMatch(/warehouses +NORTH\n/)
    expect(await nobody.json('channels')).toMatchObject({ channels: [{ code: 'WEB', warehouses: ['NORTH'] }] })
    expect(await nobody.json('availability', 'TRIPOD', '--channel', 'WEB')).toMatchObject({ availability: [{ available: 0 }] })
    await done(admin.run('channels', 'delete', 'WEB'))
    expect(await done(nobody.run('channels', '-q'))).toBe('')
  })

  test('it travels between warehouses, and comes from suppliers, each receipt once', async () => {
    await done(admin.run('transfer', 'CAMERA', '2', '--from', 'MAIN', '--to', 'NORTH', '--immediate'))
    const onTheWay = await made(admin.run('transfer', 'CAMERA', '3', '--from', 'MAIN', '--to', 'NORTH', '-q'))
    const receive = ['shipments', 'receive', onTheWay, 'CAMERA=2', '--receipt', 'R-1']
    await done(admin.run(...receive))
    expect(await done(admin.run(...receive))).toMatch(/on the way +1 CAMERA\nreceived +2 CAMERA\n/)
    await done(admin.run('shipments', 'cancel', onTheWay))
    const bought = await made(admin.run('shipments', 'create', 'CAMERA=9', '--supplier', 'ACME', '--reference', 'PO-7', '-q'))
    expect(await done(admin.run('shipments', '--state', 'OPEN', '-q'))).toBe(`${bought}\n`)
    expect(await admin.json('shipments', 'show', bought)).toMatchObject({ shipment: { supplier: 'ACME', reference: 'PO-7' } })
    expect(await done(nobody.run('availability', 'CAMERA'))).toMatch(
      /CAMERA +20 +20 +0 +0 +9\nCAMERA +MAIN +16 +16 +0 +0 +9\nCAMERA +NORTH +4 +4 +0 +0 +0\n/,
    )
    const moved = await admin.json<{ movements: object[] }>('history', 'CAMERA', '--warehouse', 'NORTH')
    expect(moved).toEqual((await asAdmin.get('/v1/products/CAMERA/stock/history?warehouse=NORTH')).body)
  })
})

describe('reservations', () => {
  test('a hold is made once for its key, changed, released in part, extended, shown and cancelled', async () => {
    const reserve = ['create-hold', 'CAMERA=2', 'TRIPOD', '--ttl-seconds', '600', '--key', 'my-first']
    const shown = await done(shopper.run(...reserve))
    expect(shown).toMatch(
      /^id +[\da-f-]{36}\nstatus +ACTIVE\ntime left +\d+m \d\ds\nlines +2 CAMERA \(MAIN\), 1 TRIPOD \(MAIN\)\n/,
    )
    const again = await shopper.json<{ reservation: { id: string }; replayed: boolean }>(...reserve)
    const { id } = again.reservation
    expect(again.replayed).toBe(true)
    await done(shopper.run('change', id, 'CAMERA=4', 'TRIPOD=0'))
    await done(shopper.run('release', id, 'CAMERA=1'))
    await done(shopper.run('extend', id, '--ttl-seconds', '1200'))
    expect(await shopper.json('reservations', 'show', id)).toMatchObject({
      reservation: { status: 'ACTIVE', lines: [{ sku: 'CAMERA', quantity: 3 }] },
    })
    expect(await done(admin.run('holds', 'CAMERA'))).toMatch(new RegExp(`LIVE +\\d+m \\d\\ds +\\d+s +3 +MAIN +[\\w-]+ +${id}\n`))
    expect(await done(shopper.run('reservations', '--status', 'ACTIVE', '-q'))).toBe(`${id}\n`)
    await done(shopper.run('cancel', id))
    expect(await shopper.run('extend', id, '--ttl-seconds', '60')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(RESERVATION_NOT_ACTIVE)'),
    })
  })

  test('what is not there is refused, with the line at fault', async () => {
    const { exitCode, stdout, stderr } = await shopper.run('reserve', 'CAMERA=99')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^holdfast: Not enough stock .*\(INSUFFICIENT_STOCK\)\n {2}lines\[0\]\.sku: .*\nrequest id: [\w-]+\n$/)
  })

  test('a sweep says what it found', async () => {
    expect(await done(admin.run('sweep'))).toBe('reservations expired: 0\nholds without a reservation released: 0\n')
  })
})

describe('the waitlist', () => {
  test('one joins the line, is next, leaves it, and joins again for what comes', async () => {
    await done(admin.run('create-product', 'STRAP', 'A strap', '--price', '5', '--stock', '0'))
    const entry = await made(shopper.run('waitlist', 'join', 'STRAP', '2', '-q'))
    expect(await done(admin.run('waitlist', 'line', 'STRAP'))).toMatch(new RegExp(`1 +WAITING +2 +\\d+s +[\\w-]+ +${entry}\\n`))
    await done(shopper.run('waitlist', 'leave', entry))
    expect(await done(shopper.run('waitlist', '--status', 'LEFT', '-q'))).toBe(`${entry}\n`)
    const next = await made(shopper.run('waitlist', 'join', 'STRAP', '-q'))
    await done(admin.run('adjust', 'STRAP', '1', '--reason', 'found'))
    await waitFor(async () => /status +OFFERED\n/.test(await done(shopper.run('waitlist', 'show', next))), {
      what: 'the unit to be offered',
      timeoutMs: 60_000,
    })
    expect(await shopper.run('waitlist', 'leave', next)).toMatchObject({ exitCode: 1 })
  })
})

describe('orders', () => {
  test('a declined payment leaves the units, a good one makes the order, which goes its way', async () => {
    const reservation = await hold('CAMERA=2')
    const pay = async (token: string, ...words: string[]): Promise<Ran> =>
      shopper.run('checkout', reservation, '--payment-token', token, ...words)
    expect(await pay('tok_declined')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('(PAYMENT_DECLINED)') })
    const order = await made(pay('tok_ok', '-q'))
    expect(await done(shopper.run('orders', 'show', order))).toMatch(
      /status +CONFIRMED\npayment +SUCCEEDED\ntotal +3199\.98 USD\n/,
    )
    await done(admin.run('orders', 'transition', order, 'PROCESSING'))
    expect(await admin.run('orders', 'transition', order, 'DELIVERED')).toMatchObject({ exitCode: 1 })
    expect(await shopper.json('orders', '--status', 'PROCESSING', '--min-total-minor', '319998')).toMatchObject({
      orders: [{ id: order }],
      nextPageToken: '',
    })
    expect(await done(shopper.run('orders', '--max-total-minor', '5', '-q'))).toBe('')
  })

  test('a part of a reservation is paid, and an order is placed, confirmed and cancelled', async () => {
    const reservation = await hold('CAMERA=3')
    expect(await done(shopper.run('checkout', reservation, 'CAMERA=1'))).toMatch(/lines +1 CAMERA \(MAIN\)\n/)
    expect(await shopper.json('reservations', 'show', reservation)).toMatchObject({ reservation: { lines: [{ quantity: 2 }] } })
    const order = await made(shopper.run('place-order', 'CAMERA', '--ttl-seconds', '60', '-q'))
    expect(await done(shopper.run('orders', 'confirm', order))).toMatch(/status +CONFIRMED\n/)
    expect(await done(shopper.run('orders', 'cancel', order))).toMatch(/status +CANCELLED\n/)
    expect(await shopper.run('orders', 'confirm', order)).toMatchObject({ exitCode: 1 })
  })
})

describe('records and the system', () => {
  test('the audit log is listed, shown, verified, signed and exported', async () => {
    const { stdout } = await admin.run('audit', 'list', '--action', 'stock.adjusted', '--oldest-first', '-q')
    const [sequence = ''] = stdout.split('\n')
    expect(await done(admin.run('audit', 'show', sequence))).toMatch(/action +stock\.adjusted\n[\s\S]*after +\{.*\}\n/)
    const checkpoint = await made(admin.run('audit', 'checkpoint'))
    expect(await done(admin.run('audit', 'verify', '--checkpoint', checkpoint))).toMatch(
      /^The log is whole: \d+ records, head [\da-f]{64}\n$/,
    )
    const lines = (await done(admin.run('audit', 'export'))).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { sequence: string }).sequence)).toEqual(
      lines.map((_, index) => `${index + 1}`),
    )
  })

  test('the activity is told, and made again', async () => {
    await waitFor(async () => /orders paid +3\n/.test(await done(admin.run('activity', '--bucket', 'DAY'))), {
      what: 'three orders in the figures',
      timeoutMs: 60_000,
    })
    expect(await done(admin.run('activity', '--top', '1'))).toMatch(/\nsku +sold +reserved +revenue\n.*\nCAMERA +4 /)
    expect(await done(admin.run('activity', 'rebuild'))).toMatch(/generation 2 is shown, made of \d+ audit records\n$/)
  })

  test('the books balance, and what is no difference is not repaired', async () => {
    expect(await admin.run('consistency')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^The books balance\.\nLooked at: products 4, /),
    })
    expect(await admin.json('consistency', '--archived')).toMatchObject({ consistent: true, differences: [] })
    expect(await admin.run('consistency', 'repair', 'reserved', 'CAMERA/MAIN')).toMatchObject({ exitCode: 4 })
  })

  test('each service says that it is well', async () => {
    expect(await done(nobody.run('health'))).toMatch(/^part +state\n.*\ndatabase +ok\n[\s\S]*inventory +ok\n[\s\S]*audit +ok\n/)
    expect(await nobody.json('health')).toMatchObject({ ready: true, missing: [] })
  })

  test('users are listed, and get roles', async () => {
    const { user } = await shopper.json<{ user: { id: string } }>('whoami')
    expect(await done(admin.run('users', '--role', 'USER'))).toContain(`${user.id}  shopper@shop.example  USER`)
    expect(await done(admin.run('users', 'role', user.id, 'USER'))).toMatch(/role +USER\n/)
  })

  test('webhooks are made, held, sent again and given up', async () => {
    const create = ['webhooks', 'create', 'https://hooks.shop.example/holdfast', 'holdfast.product.created.v1']
    expect(await done(admin.run(...create))).toMatch(/status +ACTIVE\n[\s\S]*\nsecret: whsec_\S+\n$/)
    const id = (await done(admin.run('webhooks', '-q'))).trim()
    expect(await done(admin.run('webhooks', 'pause', id))).toMatch(/paused because +ASKED\n/)
    await done(admin.run('create-product', 'CASE', 'A case', '--price', '7'))
    const pending = async () => (await done(admin.run('webhooks', 'deliveries', '--endpoint-id', id, '-q'))).trim()
    await waitFor(async () => (await pending()) !== '', { what: 'a delivery that waits', timeoutMs: 60_000 })
    const delivery = await pending()
    expect(await admin.json('webhooks', 'deliveries', 'show', delivery)).toMatchObject({
      payload: expect.stringContaining('CASE'),
    })
    expect(await done(admin.run('webhooks', 'deliveries', 'skip', delivery))).toMatch(/status +SKIPPED\n/)
    expect(await done(admin.run('webhooks', 'replay', id, '--delivery-id', delivery))).toBe('deliveries that are sent again: 1\n')
    expect(await done(admin.run('webhooks', 'rotate-secret', id))).toMatch(/^whsec_\S+\n$/)
    expect(await done(admin.run('webhooks', 'update', id, '--description', 'The till'))).toMatch(/description +The till\n/)
    await done(admin.run('webhooks', 'resume', id))
    await done(admin.run('webhooks', 'delete', id))
    expect(await admin.run('webhooks', 'show', id)).toMatchObject({ exitCode: 4 })
  })

  test('any request is sent, and its answer comes as it is', async () => {
    const file = join(admin.folder, 'body.json')
    await writeFile(file, '{"delta":1,"reason":"found"}')
    const adjusted = await done(admin.run('api', 'post', '/v1/products/CAMERA/stock:adjust', '-d', `@${file}`, '--key', 'raw'))
    expect(JSON.parse(adjusted)).toMatchObject({ level: { sku: 'CAMERA' }, replayed: false })
    const { stdout } = await admin.runWith(
      '{"name":"Kit"}',
      'api',
      'PATCH',
      '/v1/products/KIT',
      '-d',
      '@-',
      '-H',
      'If-Match: 7',
      '-i',
    )
    expect(stdout).toMatch(
      /^HTTP\/1\.1 412 [\s\S]*\ncontent-type: application\/problem\+json\n[\s\S]*"code":"PRECONDITION_FAILED"/,
    )
    expect(await nobody.run('api', 'GET', '/v1/orders')).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('UNAUTHENTICATED'),
    })
  })

  test('the benchmark is handed what was asked of it, and ends as it ends', async () => {
    await copyFile(join(__dirname, '..', '..', '..', 'docs', 'benchmarks', 'results.json'), join(nobody.folder, 'results.json'))
    const [drawn, refused] = await Promise.all([
      nobody.run('bench', '--render', '--out', nobody.folder),
      nobody.run('bench', '--rounds', 'none'),
    ])
    expect(drawn).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/Goals\n[\s\S]*\nWritten: .*results\.json/),
      stderr: '',
    })
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("'--rounds <n>'") })
  })

  test('what is parked is in the event log, which has to be known', async () => {
    const here = { ...nobody.env, EVENTS_DATABASE_URL: system.databaseUrl('events') }
    const someone = noted(await newPerson(here))
    expect(await done(someone.run('events', 'dlq', 'list'))).toBe('Nothing is parked.\n')
    expect(await done(someone.run('events', 'dlq', 'replay'))).toBe('Nothing is parked.\n')
    await someone.remove()
  })
})

describe('what is wrong', () => {
  test.each([
    ['a command that is none, with what was meant', ['reservation'], /unknown command 'reservation'.*reservations/],
    ['a family without a command', ['events', 'dlq'], /a command is missing/],
    ['an argument that is missing', ['create-hold'], /missing required argument 'lines'/],
    ['an argument too many', ['product', 'A', 'B'], /too many arguments/],
    ['an option that is none', ['holds', 'CAMERA', '--sate', 'LIVE'], /unknown option '--sate'.*--state/],
    ['a choice that is none', ['holds', 'CAMERA', '--state', 'DEAD'], /Allowed choices are LIVE, LAPSED/],
    ['a line that is none', ['create-hold', 'CAMERA=x'], /must look like SKU\[=UNITS\]\[@WAREHOUSE\]/],
    ['an amount that is none', ['create-product', 'A', 'A', '--price', '1.005'], /must be an amount/],
    ['a date of what is not asked for', ['update-product', 'A', '--backorder-until', '2031-05-01'], /go with --backorder/],
    ['a number that is none', ['list-products', '--limit', '0'], /must be a whole number from 1 on/],
    ['an address that is none', ['health', '--url', 'ftp://x'], /ftp:\/\/x is no http\(s\) URL/],
    ['a path that is none', ['api', 'GET', 'v1/products'], /does not begin with \//],
  ])('%s ends with 2', async (_what, words, stderr) => {
    const answer = await nobody.run(...words)
    expect(answer).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/holdfast: /) })
    expect(answer.stderr.replaceAll('\n', ' ')).toMatch(stderr)
  })

  test('what the system finds wrong ends with 2, and names the field', async () => {
    const { exitCode, stderr } = await admin.run('create-product', 'A B', '', '--price', '1')
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^holdfast: .*\(INVALID_ARGUMENT\)\n(?: {2}(?:sku|name): .*\n)+request id: [\w-]+\n$/)
  })

  test('who is not signed in, or not an admin, ends with 3; what is another’s ends with 4', async () => {
    const reservation = await hold('CAMERA')
    const stranger = noted(await newPerson({ HOLDFAST_URL: system.url, HOLDFAST_PASSWORD: password }))
    await done(stranger.run('register', '--email', 'stranger@shop.example'))
    const answers = await Promise.all([
      nobody.run('reservations'),
      shopper.run('users'),
      stranger.run('reservations', 'show', reservation),
      stranger.run('cancel', reservation),
    ])
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([3, 3, 4, 4])
    expect(answers[0]?.stderr).toMatch(/\(UNAUTHENTICATED\)\nsign in with "holdfast login"\nrequest id: /)
    expect(answers[1]?.stderr).toMatch(/\(PERMISSION_DENIED\)\nrequest id: /)
    await stranger.remove()
  })

  test('with --json a refusal is the problem itself, also where the system was not asked', async () => {
    const { stdout, stderr } = await shopper.run('create-hold', 'CAMERA=99', '--json')
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toEqual({
      type: '/docs/errors#INSUFFICIENT_STOCK',
      title: 'Not enough stock',
      status: 409,
      detail: expect.any(String),
      code: 'INSUFFICIENT_STOCK',
      requestId: expect.stringMatching(/^[\w-]+$/),
      errors: [{ field: 'lines[0].sku', message: 'not enough stock' }],
    })
    const here = JSON.parse((await shopper.run('product', '--json')).stderr) as object
    expect(here).toMatchObject({ code: 'INVALID_ARGUMENT', status: 0, requestId: '', detail: "missing required argument 'sku'" })
  })
})

describe('for shells', () => {
  test('colours are for terminals, unless NO_COLOR or FORCE_COLOR says otherwise', async () => {
    const coloured = await newPerson({ HOLDFAST_URL: system.url, FORCE_COLOR: '1' })
    const [plain, painted] = await Promise.all([nobody.run('health'), coloured.run('health')])
    expect(plain.stdout).not.toContain('\u001b')
    expect(painted.stdout).toContain('\u001b[32mok\u001b[39m')
    await coloured.remove()
  })

  test.each(['head -c 12', 'true'])('who has read enough, as %s, has enough, and that is no failure', async (reader) => {
    const line = `set -o pipefail; '${process.execPath}' '${bin}' audit list --all --json | ${reader}`
    const child = spawn('bash', ['-c', line], { env: admin.env })
    const [exitCode, stdout, stderr] = await Promise.all([ended(child), text(child.stdout), text(child.stderr)])
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: reader === 'true' ? '' : '{"records":[', stderr: '' })
  })

  test('bash completes commands, choices, SKUs and ids, as who is signed in, and runs nothing that is typed before Enter', async () => {
    const [reservation, order] = [await hold('CAMERA'), (await made(shopper.run('orders', '-q'))).split('\n')]
    const completed = async (line: string, env = shopper.env): Promise<string[]> => {
      const script = [
        `holdfast() { '${process.execPath}' '${bin}' "$@"; }`,
        'source <(holdfast completion bash)',
        'COMP_POINT=${#COMP_LINE}; _holdfast; printf "%s\\n" "${COMPREPLY[@]}"',
      ].join('\n')
      const child = spawn('bash', ['-c', script], { cwd: shopper.folder, env: { ...env, COMP_LINE: line } })
      const [exitCode, stdout, stderr] = await Promise.all([ended(child), text(child.stdout), text(child.stderr)])
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      return stdout.trimEnd().split('\n')
    }
    const away = { ...shopper.env, HOLDFAST_URL: 'http://127.0.0.1:1' }
    const before = await readdir(shopper.folder)
    // A system that is too busy to answer at once offers nothing, and is asked again.
    const offers = async (line: string, wanted: string[], env = shopper.env): Promise<void> => {
      let seen: string[] = []
      await waitFor(async () => isDeepStrictEqual((seen = await completed(line, env)), wanted), {
        what: `"${line}" to be completed`,
        timeoutMs: 120_000,
      }).catch(() => expect([line, ...seen]).toEqual([line, ...wanted]))
    }
    await Promise.all([
      offers('holdfast orders ca', ['cancel']),
      offers('holdfast holds CAMERA --state l', ['LIVE', 'LAPSED']),
      offers('holdfast checkout "$(touch made-by-tab)" --payment-t', ['--payment-token']),
    ])
    await offers('holdfast create-hold CAMERA tri', ['TRIPOD'])
    await offers(`holdfast --url ${system.url} product ki`, ['KIT'], away)
    await offers(`holdfast release ${reservation.slice(0, -1)}`, [reservation])
    await offers('holdfast orders show ', order)
    // Nobody is told why there is nothing.
    expect(await completed('holdfast product ', away)).toEqual([''])
    expect(await completed('holdfast orders show ', nobody.env)).toEqual([''])
    expect(await readdir(shopper.folder)).toEqual(before)
  })

  test('completion knows the commands, their options and choices; its scripts are whole', async () => {
    const next = async (...words: string[]) =>
      (await done(nobody.run('complete', '--', ...words))).split('\n').map((line) => line.split('\t')[0])
    expect(await next('orders', 'ca')).toEqual(['cancel', ':4', ''])
    expect(await next('holds', 'CAMERA', '--state', '')).toEqual(['LIVE', 'LAPSED', ':4', ''])
    expect(await next('create-hold', '--ttl')).toContain('--ttl-seconds')
    // Units may follow a SKU: no space comes behind it.
    await waitFor(async () => isDeepStrictEqual(await next('create-hold', 'CAM'), ['CAMERA', ':6', '']), {
      what: 'a SKU without a space behind it',
      timeoutMs: 120_000,
    })
    for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
      const script = await done(nobody.run('completion', shell))
      expect(script).toContain('holdfast complete')
      if (shell === 'bash') expect(await ended(spawn('bash', ['-n', '-c', script]))).toBe(0)
    }
    expect(await nobody.run('completion', 'tcsh')).toMatchObject({ exitCode: 2 })
  })

  test('lines of standard input are run one after the other, until one fails', async () => {
    const script = '# what there is\nproducts -q\nproduct "NONE"\nhealth\n'
    expect(await nobody.runWith(script, 'shell')).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(/^CAMERA\n(?:\w+\n)+$/),
    })
    expect(await nobody.runWith('product "A', 'shell')).toMatchObject({ exitCode: 2, stderr: 'holdfast: a " is missing\n' })
  })

  test('help names every command and exit code', async () => {
    const help = await done(nobody.run('--help'))
    expect(help).toMatch(/Exit codes:\n {2}0 +done\n[\s\S]*\n {2}5 +no answer/)
    expect(await done(nobody.run('cancel', '--help'))).toMatch(/--key <key>[\s\S]*Global Options:\n[\s\S]*--json/)
    expect(await done(nobody.run('--version'))).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

const ended = async (child: ReturnType<typeof spawn>) => new Promise((resolve) => child.on('close', resolve))

/** What has tests of its own, or needs minutes. */
const elsewhere = ['logout', 'watch', 'import', 'export', 'demo']

test('every command was run', () => {
  const program = createProgram(new Cli({}, new AbortController().signal, async () => 0))
  const visible = (command: CommandUnknownOpts) =>
    command
      .createHelp()
      .visibleCommands(command)
      .map((each) => each.name())
  const paths = program.commands.flatMap((command) => {
    const below = visible(command).filter((name) => name !== 'help')
    return below.length === 0 ? [[command.name()]] : below.map((name) => [command.name(), name])
  })
  const missed = paths
    .filter((path) => !ran.some((words) => path.every((name) => words.includes(name))))
    .map((path) => path.join(' '))
  const hidden = ['export-audit', 'rebuild-activity']
  expect(missed.filter((name) => !elsewhere.includes(name) && !hidden.includes(name))).toEqual([])
})
