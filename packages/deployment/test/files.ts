/** The files of a deployment, read as Docker Compose and kustomize read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type ServiceName, workspaceRoot } from '@holdfast/launcher'
import { parse, parseAllDocuments } from 'yaml'

export const root = workspaceRoot()
export const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')

/** Where every service finds its secrets. */
export const secretsFolder = '/run/holdfast'
export const tlsFolder = '/run/holdfast-tls'

type Variables = Record<string, string>

export interface Container {
  image: string
  pull_policy?: string
  depends_on?: object
  command?: string | string[]
  environment?: Variables
  ports?: string[]
  volumes?: string[]
  restart?: string
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  profiles?: string[]
}

/** docker-compose.yml with these variables filled in. */
export function composeFile(variables: Variables = {}): { services: Record<string, Container>; volumes: Variables } {
  const text = read('docker-compose.yml').replaceAll(
    /\$\{([A-Z_]+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => variables[name] ?? fallback,
  )
  const file = parse(text, { merge: true, maxAliasCount: -1 }) as ReturnType<typeof composeFile>
  for (const service of Object.values(file.services)) {
    service.environment = texts(service.environment ?? {})
  }
  return file
}

/** Of deploy/compose/full.env. */
export function fullEnvironment(): Variables {
  const lines = read('deploy', 'compose', 'full.env').split('\n')
  return Object.fromEntries(lines.filter((line) => /^[A-Z_]+=/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2)))
}

/** What the image sets for every container. */
export function imageEnvironment(): Variables {
  const block = /^ENV NODE_ENV[^]*?[^\\]\n/m.exec(read('deploy', 'Dockerfile'))?.[0] ?? ''
  return Object.fromEntries([...block.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
}

const kubernetes = join('deploy', 'kubernetes')

export interface PodContainer {
  name: string
  args?: string[]
  env?: { name: string; value: string }[]
  ports?: { name: string; containerPort: number }[]
}

export interface Manifest {
  kind: string
  metadata: { name: string }
  spec: Record<string, unknown>
}

export interface Deployment extends Manifest {
  kind: 'Deployment'
  spec: { template: { spec: { containers: [PodContainer]; volumes: { name: string; secret: { secretName: string } }[] } } }
}

export interface Service extends Manifest {
  kind: 'Service'
  spec: { clusterIP?: string; selector: Variables; ports: { name: string; port: number }[] }
}

/** All resources of the base and of the optional service. */
export function manifests(): Manifest[] {
  return ['base', join('components', 'notification')].flatMap((folder) =>
    readdirSync(join(root, kubernetes, folder))
      .filter((file) => file !== 'kustomization.yaml')
      .flatMap((file) => parseAllDocuments(read(kubernetes, folder, file)).map((document) => document.toJS() as Manifest)),
  )
}

/** The patch that is laid over each Deployment. */
export function everyDeployment(): Deployment {
  return parse(read(kubernetes, 'components', 'every-service', 'deployment.yaml')) as Deployment
}

/** The variables of a service's container, the settings of this ConfigMap among them. */
export function podEnvironment(name: ServiceName, settings: Variables = {}): Variables {
  const own = manifests().find((it): it is Deployment => it.kind === 'Deployment' && it.metadata.name === name)
  const lists = [everyDeployment(), own].map((it) => it?.spec.template.spec.containers[0].env ?? [])
  const added = addedTo(name, 'components', 'notification')
  return { ...settings, ...Object.fromEntries([...lists.flat(), ...added].map(({ name, value }) => [name, value])) }
}

/** What a component or an overlay adds to the variables of one service. */
function addedTo(name: ServiceName, ...path: string[]): { name: string; value: string }[] {
  const { patches } = parse(read(kubernetes, ...path, 'kustomization.yaml')) as {
    patches: { target: { name?: string }; patch: string }[]
  }
  const added = patches.filter(({ target }) => target.name === name)
  return added.flatMap(({ patch }) => (parse(patch) as { value: { name: string; value: string } }[]).map(({ value }) => value))
}

/** What the overlay small adds to a service. */
export function smallEnvironment(name: ServiceName): Variables {
  return Object.fromEntries(addedTo(name, 'overlays', 'small').map(({ name: key, value }) => [key, value]))
}

/** What components/mutual-tls adds to a service. */
export function tlsEnvironment(name: ServiceName): Variables {
  const files = ['every-service', name === 'gateway' ? 'gateway' : 'others']
  const patches = files.map((file) => parse(read(kubernetes, 'components', 'mutual-tls', `${file}.yaml`)) as Deployment)
  const variables = patches.flatMap((patch) => patch.spec.template.spec.containers[0].env ?? [])
  return Object.fromEntries(variables.map((variable) => [variable.name, variable.value]))
}

/** What components/redis adds to a service. */
export function redisEnvironment(name: ServiceName): Variables {
  if (!['gateway', 'reservation', 'order'].includes(name)) return {}
  const patch = parse(read(kubernetes, 'components', 'redis', 'deployment.yaml')) as Deployment
  const variables = patch.spec.template.spec.containers[0].env ?? []
  return Object.fromEntries(variables.map((variable) => [variable.name, variable.value]))
}

/** A kustomization, of the base or of an overlay. */
export function kustomization(...path: string[]): {
  images?: { newTag: string }[]
  configMapGenerator?: { literals: string[] }[]
} {
  return parse(read(kubernetes, ...path, 'kustomization.yaml')) as ReturnType<typeof kustomization>
}

const texts = (values: Record<string, string | number | boolean | null>): Variables =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === null ? '' : String(value)]))
