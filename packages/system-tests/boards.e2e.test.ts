/** The boards of Grafana, asked of a real Prometheus beside a running system in which something happens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { allServiceNames, freePort, type ReservationReply, type ServiceName, waitFor } from '@holdfast/testing'

import { type MailServer, openMailServer, openReceiver, type Receiver } from './receiver'
import { checkOut, one, openShop, reserve, reserved, type Shop } from './shop'

const deploy = join(__dirname, '..', '..', 'deploy')

/** Panels that may have nothing to show here, and why; of any other it is a fault. */
const empty: Record<string, string> = {
  'gRPC errors': 'no call fails by our fault',
  'Limits counted in Redis': 'there is no Redis',
  Certificates: 'nobody speaks TLS',
}

let shop: Shop
let mail: MailServer
let receiver: Receiver
let prometheus: Prometheus
beforeAll(async () => {
  const ports = await Promise.all(allServiceNames.map(async (name) => [name, await freePort()] as const))
  const envFor: Partial<Record<ServiceName, Record<string, string>>> = Object.fromEntries(
    ports.map(([name, port]) => [name, { METRICS_PORT: String(port) }]),
  )
  ;[mail, receiver] = await Promise.all([openMailServer(), openReceiver()])
  const smtp = { SMTP_URL: mail.url, MAIL_FROM: 'Shop <shop@example.com>' }
  envFor.notification = { ...envFor.notification, ...smtp, WEBHOOK_PRIVATE_TARGETS: 'on' }
  // High enough to refuse nobody: without a limit nothing is counted.
  envFor.gateway = { ...envFor.gateway, RATE_LIMIT_PER_IP: '1000000' }
  prometheus = await startPrometheus(Object.fromEntries(ports))
  shop = await openShop({ envFor, notifications: true })
}, 180_000)
afterAll(async () => {
  await shop?.close()
  await Promise.all([prometheus?.stop(), mail?.close(), receiver?.close()])
})

interface Prometheus {
  /** The values of an expression's series at this moment. */
  ask(expression: string): Promise<number[]>
  rules(): Promise<{ name: string; health: string; lastError?: string }[]>
  stop(): Promise<void>
}

/** As deploy/prometheus/prometheus.yml has it, with the same rules, but more often and at these ports. */
async function startPrometheus(ports: Record<string, number>): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-prometheus-'))
  const port = await freePort()
  const jobs = Object.entries(ports).map(([job_name, target]) => ({
    job_name,
    static_configs: [{ targets: [`127.0.0.1:${target}`] }],
  }))
  const config = {
    global: { scrape_interval: '3s', scrape_timeout: '3s', evaluation_interval: '3s' },
    rule_files: [join(deploy, 'prometheus', 'rules.yml')],
    scrape_configs: jobs,
  }
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const process: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()))
  const get = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
    const { data, error } = (await response.json()) as { data: Data; error?: string }
    if (error !== undefined) throw new Error(`${path}: ${error}`)
    return data
  }
  return {
    ask: async (expression) => {
      const { result } = await get<{ result: { value: [number, string] }[] }>(`query?query=${encodeURIComponent(expression)}`)
      return result.map(({ value }) => Number(value[1]))
    },
    rules: async () =>
      (await get<{ groups: { rules: { name: string; health: string }[] }[] }>('rules')).groups.flatMap((group) => group.rules),
    stop: async () => {
      process.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Panel {
  title: string
  expressions: string[]
}

/** Every panel with its queries as Grafana asks them: all services, and rates over a minute. */
async function readPanels(): Promise<Panel[]> {
  const files = (await readdir(join(deploy, 'grafana', 'boards'))).filter((file) => file.endsWith('.json'))
  const boards = await Promise.all(files.map(async (file) => readFile(join(deploy, 'grafana', 'boards', file), 'utf8')))
  return boards.flatMap((text) => {
    const board = JSON.parse(text) as { panels: { title: string; targets?: { expr: string }[] }[] }
    return board.panels.flatMap(({ title, targets }) => {
      if (targets === undefined) return []
      const expressions = targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*'))
      return [{ title, expressions }]
    })
  })
}

/** A bit of everything that a board shows. */
async function play(): Promise<void> {
  const [plenty, scarce] = [await shop.product(1_000), await shop.product(1)]
  const [shopper, other] = [await shop.shopper(), await shop.shopper()]
  await shop.anonymous.get(`/v1/products/${plenty}`)
  await shop.anonymous.get(`/v1/products/${plenty}`)
  // Sold, cancelled with units and money back, and answered later by the provider.
  for (const token of ['tok_ok', 'tok_callback']) {
    const { id } = await reserved(shopper, one(plenty))
    const { status, body } = await checkOut(shopper, id, token)
    if (status !== 200) throw new Error(`no order: ${status} ${JSON.stringify(body)}`)
    if (token === 'tok_ok') await shopper.post(`/v1/orders/${body.order.id}:cancel`)
  }
  // Sold out, waited for, and lapsed for who waits.
  await reserved(shopper, one(scarce), { ttlSeconds: 1 })
  expect((await reserve(other, one(scarce))).status).toBe(409)
  expect((await other.post('/v1/waitlist', { sku: scarce, quantity: 1 })).status).toBe(201)
  await waitFor(
    async () =>
      (await other.get<{ reservations: ReservationReply['reservation'][] }>('/v1/reservations?status=ACTIVE')).body.reservations
        .length === 1,
    { what: 'the unit to come to who waits', timeoutMs: 60_000 },
  )
}

test('every panel of every board has data, and every rule can be evaluated', async () => {
  await receiver.register(shop, ['holdfast.reservation.created.v1'])
  const panels = await readPanels()
  expect(panels.length).toBeGreaterThan(30)
  const isEmpty = async ({ expressions }: Panel): Promise<boolean> => {
    const answers = await Promise.all(expressions.map(async (expression) => prometheus.ask(expression)))
    return answers.some((values) => values.every((value) => Number.isNaN(value)))
  }
  // Rates need what happened to fall between two scrapes, so it happens until all is there.
  let missing = panels
  let trouble: unknown
  const giveUpAt = Date.now() + 120_000
  do {
    // A machine that is very busy answers one or the other with 503; then it is played again.
    trouble = await play().then(
      () => undefined,
      (error: unknown) => error,
    )
    const stillEmpty = await Promise.all(missing.map(isEmpty))
    missing = missing.filter((_, index) => stillEmpty[index])
  } while (missing.some(({ title }) => !(title in empty)) && Date.now() < giveUpAt)
  const found = missing.map(({ title }) => title).filter((title) => !(title in empty))
  if (found.length > 0 && trouble !== undefined) throw trouble
  expect(found).toEqual([])

  const rules = await waitFor(
    async () => {
      const all = await prometheus.rules()
      return all.length > 0 && all.every(({ health }) => health !== 'unknown') ? all : undefined
    },
    { what: 'each rule to be evaluated' },
  )
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
}, 240_000)
