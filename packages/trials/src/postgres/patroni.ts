import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePort } from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import { Program } from '../program'
import { type Cluster, hasSynchronousStandby, type Loss, superuser, urlOf } from './cluster'
import type { Programs } from './programs'

const startMs = 120_000
const nodeCount = 2
/**
 * In s. A leader that does not renew its key for `ttl` is no leader any more; Patroni takes no less than these. They are what
 * a failover costs after a machine is lost.
 */
const times = { ttl: 20, loop_wait: 2, retry_timeout: 3 }

interface Node {
  name: string
  port: number
  restPort: number
  start: () => Promise<Program>
  program: Program
}

/** Patroni on two servers, and one etcd, which in earnest are three on machines of their own. */
export async function startPatroni(folder: string, programs: Programs): Promise<Cluster> {
  const password = randomBytes(16).toString('hex')
  const etcd = await startEtcd(folder)
  const nodes: Node[] = []
  for (let index = 1; index <= nodeCount; index++) {
    nodes.push(await startNode({ folder, programs, password, etcdPort: etcd.port, name: `node${index}` }))
    await waitFor(async () => (await leaderOf(nodes)) !== undefined, { what: 'Patroni to find a leader', timeoutMs: startMs })
  }
  const url = ({ port }: Node) => urlOf(port, password, 'postgres')
  const isSafe = async () => {
    const leader = await leaderOf(nodes)
    return leader !== undefined && (await hasSynchronousStandby(url(leader)))
  }
  await waitFor(isSafe, { what: 'a synchronous standby', timeoutMs: startMs })
  const first = await leaderOf(nodes)
  if (first === undefined) throw new Error('Patroni has no leader')
  const over = new AbortController()
  const failover = (async () => {
    for (;;) {
      await sleep(50, undefined, { signal: over.signal })
      const leader = await leaderOf(nodes.filter((node) => node !== first))
      if (leader !== undefined) return { promotedAt: performance.now() }
    }
  })()
  failover.catch(() => undefined)
  return {
    servers: nodes.map(({ port }) => port),
    check: ['option httpchk OPTIONS /primary', 'http-check expect status 200'],
    serverCheck: (index) => `port ${nodes[index]?.restPort}`,
    password,
    losePrimary: (how: Loss) => first.program.signal(how === 'kill' ? 'SIGKILL' : 'SIGSTOP'),
    failover,
    rejoin: async () => {
      await first.program.kill()
      first.program = await first.start()
      await waitFor(isSafe, { what: 'the lost server to follow', timeoutMs: startMs })
    },
    stop: async () => {
      over.abort()
      await Promise.all(nodes.map(async ({ program }) => program.kill()))
      await etcd.program.kill()
    },
  }
}

async function startEtcd(folder: string): Promise<{ port: number; program: Program }> {
  const port = await freePort()
  const peer = `http://127.0.0.1:${await freePort()}`
  const program = await Program.start({
    name: 'etcd',
    command: ['etcd', '--data-dir', join(folder, 'etcd'), '--log-level', 'warn', '--name', 'etcd1']
      .concat('--listen-client-urls', `http://127.0.0.1:${port}`, '--advertise-client-urls', `http://127.0.0.1:${port}`)
      .concat('--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `etcd1=${peer}`),
    logFile: join(folder, 'etcd.log'),
  })
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok, { what: 'etcd', timeoutMs: startMs })
  return { port, program }
}

interface NodeOptions {
  folder: string
  programs: Programs
  password: string
  etcdPort: number
  name: string
}

async function startNode(options: NodeOptions): Promise<Node> {
  const { folder, programs, name } = options
  const [port, restPort] = [await freePort(), await freePort()]
  const home = join(folder, name)
  await programs.makeFolder(home)
  const file = join(folder, `${name}.json`)
  // Patroni reads YAML, of which JSON is a part.
  await writeFile(file, JSON.stringify(configuration(options, home, port, restPort)), { mode: 0o644 })
  const { uid, gid, prefix } = programs.identity
  const start = async () =>
    Program.start({
      name: 'Patroni',
      command: [...prefix, 'patroni', file],
      logFile: join(folder, `${name}.log`),
      env: { ...process.env, LC_ALL: 'C.UTF-8', HOME: home },
      ...(prefix.length === 0 && { uid, gid }),
    })
  return { name, port, restPort, start, program: await start() }
}

function configuration(
  { programs, password, etcdPort, name }: NodeOptions,
  home: string,
  port: number,
  restPort: number,
): object {
  const login = { username: superuser, password }
  return {
    scope: 'holdfast',
    name,
    restapi: { listen: `127.0.0.1:${restPort}`, connect_address: `127.0.0.1:${restPort}` },
    etcd3: { host: `127.0.0.1:${etcdPort}` },
    bootstrap: {
      dcs: {
        ...times,
        // Commits wait for the standby, and only that one may become the primary.
        synchronous_mode: true,
        // The machine is lost as far as anybody knows: its own restart is not waited for.
        primary_start_timeout: 0,
        postgresql: {
          use_pg_rewind: true,
          parameters: { max_connections: 200, shared_buffers: '128MB', wal_keep_size: '512MB', jit: 'off' },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
    },
    postgresql: {
      listen: `127.0.0.1:${port}`,
      connect_address: `127.0.0.1:${port}`,
      data_dir: join(home, 'data'),
      bin_dir: programs.folder,
      pgpass: join(home, 'pgpass'),
      authentication: { superuser: login, replication: login, rewind: login },
      parameters: { unix_socket_directories: home },
      pg_hba: [
        'local all all trust',
        'host all all 127.0.0.1/32 scram-sha-256',
        'host replication all 127.0.0.1/32 scram-sha-256',
      ],
    },
  }
}

/** Which of them says of itself that it is the primary. */
async function leaderOf(nodes: readonly Node[]): Promise<Node | undefined> {
  const answers = await Promise.all(
    nodes.map(async ({ restPort }) =>
      fetch(`http://127.0.0.1:${restPort}/primary`, { signal: AbortSignal.timeout(1_000) }).then(
        ({ ok }) => ok,
        () => false,
      ),
    ),
  )
  return nodes[answers.indexOf(true)]
}
