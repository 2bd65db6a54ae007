/** The manifests as kustomize makes them of base, components and overlays, against the schemas of Kubernetes. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

import { allServiceNames, serviceNames } from '@holdfast/launcher'
import { parseAllDocuments } from 'yaml'

import { type Deployment, type Manifest, root } from './files'

const run = promisify(execFile)
const limits = { maxBuffer: 10_000_000 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-kustomize-'))
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

const overlays = join(root, 'deploy', 'kubernetes', 'overlays')

async function build(overlay: string): Promise<string> {
  return (await run('kustomize', ['build', join(overlays, overlay)], limits)).stdout
}

const read = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Manifest)
const isDeployment = (manifest: Manifest): manifest is Deployment => manifest.kind === 'Deployment'

interface PodSpec {
  terminationGracePeriodSeconds: number
  containers: Record<string, unknown>[]
}

test.each(['small', 'production'])(
  'the overlay %s is what the schemas of Kubernetes allow, and no field is unknown',
  async (overlay) => {
    const text = await build(overlay)
    const file = join(folder, `${overlay}.yaml`)
    // cert-manager's kinds are its own.
    const ours = read(text).filter(({ kind }) => kind !== 'Certificate' && kind !== 'Issuer')
    await writeFile(file, ours.map((manifest) => JSON.stringify(manifest)).join('\n---\n'))
    const { stdout } = await run('kubernetes-validate', ['--strict', file], limits)
    expect(stdout.match(/passed/g)).toHaveLength(ours.length)
  },
)

test('with an external issuer and traces every service has their settings, and may ask for keys and send spans', async () => {
  const components = ['external-issuer', 'traces'].map((name) =>
    relative(folder, join(root, 'deploy', 'kubernetes', 'components', name)),
  )
  await writeFile(
    join(folder, 'kustomization.yaml'),
    JSON.stringify({ resources: [relative(folder, join(overlays, 'small'))], components, namespace: 'holdfast' }),
  )
  const text = (await run('kustomize', ['build', folder], limits)).stdout
  const all = read(text) as (Manifest & { data?: Record<string, string> })[]
  const [settings] = all.filter(({ kind }) => kind === 'ConfigMap')
  expect(settings?.data).toMatchObject({
    LOG_LEVEL: 'info',
    PEER_PLAINTEXT: 'allow',
    OIDC_ISSUER: 'https://login.example/',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector.observability:4318',
  })
  for (const { spec } of all.filter(isDeployment)) {
    expect(spec.template.spec.containers[0]).toMatchObject({ envFrom: [{ configMapRef: { name: settings?.metadata.name } }] })
  }
  for (const [name, port] of [
    ['holdfast-external-issuer', 443],
    ['holdfast-traces', 4318],
  ]) {
    const policy = all.find(({ metadata }) => metadata.name === name)
    expect(policy?.spec).toMatchObject({
      podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'holdfast' } },
      egress: [{ ports: [{ port }] }],
    })
  }
  const file = join(folder, 'with-components.yaml')
  await writeFile(file, text)
  await run('kubernetes-validate', ['--strict', file], limits)
})

test('scaling by queues as well as by CPU asks for a metric that there is', async () => {
  const own = join(folder, 'by-queues')
  await mkdir(own)
  const at = (...path: string[]) => relative(own, join(root, 'deploy', 'kubernetes', ...path))
  await writeFile(
    join(own, 'kustomization.yaml'),
    JSON.stringify({ resources: [at('overlays', 'production')], components: [at('components', 'queue-metrics')] }),
  )
  const all = read((await run('kustomize', ['build', own], limits)).stdout).filter(
    ({ kind }) => kind === 'HorizontalPodAutoscaler',
  )
  const scaledBy = all.map(({ metadata, spec }) => [
    metadata.name,
    ...(spec['metrics'] as { type: string; pods?: { metric: { name: string } } }[]).map(
      ({ type, pods }) => pods?.metric.name ?? type,
    ),
  ])
  const queues = ['gateway', 'inventory', 'reservation'].map((name) => [name, 'Resource', 'combiner_queue_items'])
  expect(scaledBy.sort()).toEqual([...queues, ['order', 'Resource']].sort())
  const file = join(folder, 'autoscalers.yaml')
  await writeFile(file, all.map((manifest) => JSON.stringify(manifest)).join('\n---\n'))
  await run('kubernetes-validate', ['--strict', file], limits)
})

test.each([
  ['small', serviceNames, 1],
  ['production', allServiceNames, 2],
] as const)(
  'every Deployment of %s is complete: replicas, probes, rights, and time to finish',
  async (overlay, names, replicas) => {
    const all = read(await build(overlay))
    const deployments = all.filter(isDeployment)
    expect(deployments.map((it) => it.metadata.name).sort()).toEqual([...names].sort())
    const scaled = all.filter(({ kind }) => kind === 'HorizontalPodAutoscaler').map((it) => it.metadata.name)
    for (const { metadata, spec } of deployments) {
      const { name } = metadata
      const wanted = (spec as { replicas?: number }).replicas
      expect([name, wanted]).toEqual([name, scaled.includes(name) ? undefined : replicas])
      const pod = spec.template.spec as unknown as PodSpec
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      })
      // Nothing of the node's, and nothing beside its one container.
      expect(JSON.stringify(pod)).not.toMatch(/"(hostNetwork|hostPID|hostIPC|hostPath|privileged|initContainers)"/)
      expect(pod.containers).toHaveLength(1)
      expect(pod.containers[0]).toMatchObject({
        image: expect.stringMatching(/^holdfast:\d/) as string,
        // A start that migrates for long is alive, and not ready.
        startupProbe: { httpGet: { path: '/healthz', port: 'metrics' } },
        readinessProbe: { httpGet: { path: '/readyz', port: 'metrics' } },
        livenessProbe: { httpGet: { path: '/healthz', port: 'metrics' } },
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
        // No limit of CPU: throttled, a process holds up all that are combined with one request (docs/deployment.md).
        resources: {
          requests: { cpu: expect.anything() as string, memory: expect.anything() as string },
          limits: { memory: expect.anything() as string },
        },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      })
      // preStop, and what a service takes to stop (packages/service/src/service.ts).
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(5 + 15)
      expect(all.filter((it) => it.kind === 'PodDisruptionBudget' && it.metadata.name === name)).toHaveLength(1)
    }
  },
)
