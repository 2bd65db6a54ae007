import { randomUUID } from 'node:crypto'

import { adminToken, api, reserveOne, waitFor } from '@holdfast/testing'

import type { Facts } from '../facts'
import { checkKept } from '../kept'
import { makeProduct, type Shop, startShopping } from '../shoppers'
import { Compose } from './compose'
import { lookAtFull } from './full'

export interface ContainersOptions {
  /** With Kafka, Redis, notification, Prometheus, Grafana and Jaeger. */
  full: boolean
}

/** Whatever a container has to do on a busy machine, in ms. */
const patienceMs = 300_000
/** Those that a container is lost of while shoppers are at work. */
const killed = ['inventory', 'reservation', 'order', 'gateway', 'audit', 'postgres']
/** Those that there are two of at the end. */
const doubled = ['inventory', 'reservation']

/** Image and docker-compose.yml, from the build to the last `down`; containers are killed under load. */
export async function tryContainers({ full }: ContainersOptions, folder: string, facts: Facts): Promise<void> {
  const compose = await Compose.prepare({ full, folder })
  try {
    await facts.timed('the image was built in', async () => compose.run('build'))
    await facts.timed('all was up and ready in', async () => compose.run('up', '--wait'))
    const shop = await compose.shop()
    await facts.timed('signed in, made a product, reserved it in', async () => firstReservation(shop))
    await lookAtImage(compose, facts)
    await facts.timed('the demo found its numbers right in', async () => compose.run('run', '--rm', 'cli', 'demo'))
    await lookAtCommands(compose, facts)
    if (full) await lookAtFull(compose, shop, facts)

    const shopping = await startShopping(shop)
    await shopping.goesOn()
    for (const service of killed) {
      const at = performance.now()
      await killOne(compose, service, facts)
      await shopping.goesOn(20, patienceMs)
      const outage = shopping.looks.outageSince(at)
      if (outage !== undefined)
        facts.note(
          'new reservations had answers again',
          `${(outage.ms / 1000).toFixed(1)} s after, until then ${JSON.stringify(outage.failed)}`,
        )
    }
    await shopping.stop()
    await checkKept(shop, shopping, facts)

    await facts.timed('down, data kept, in', async () => compose.run('down'))
    const twice = doubled.flatMap((service) => ['--scale', `${service}=2`])
    await facts.timed('all was up again, inventory and reservation twice, in', async () => compose.run('up', '--wait', ...twice))
    await checkKept(shop, { ...shopping, admin: api(shop.url, { token: await adminToken(shop) }) }, facts)
    const again = await startShopping(shop)
    await untilBothCalled(compose, facts)
    await again.stop()
    await checkKept(shop, again, facts)
  } finally {
    await compose.end()
  }
}

async function firstReservation(shop: Shop): Promise<void> {
  const admin = api(shop.url, { token: await adminToken(shop) })
  const { status, body } = await reserveOne(admin, await makeProduct(admin, 3), randomUUID(), patienceMs)
  if (status !== 201) throw new Error(`no reservation: ${status} ${JSON.stringify(body)}`)
}

/** Who it runs as, and that it can write nowhere. */
async function lookAtImage(compose: Compose, facts: Facts): Promise<void> {
  facts.expect('user of a service', 10001, Number(await compose.script('inventory', 'console.log(process.getuid())')))
  const attempts = ['/app', '/app/services', '/tmp', '/run/holdfast'].map(
    (folder) => `try { fs.writeFileSync('${folder}/new', ''); console.log('${folder}') } catch {}`,
  )
  const writable = await compose.script('inventory', attempts.join(';'))
  facts.expect('folders that a service can write to', 0, writable.split('\n').filter((line) => line !== '').length)
}

async function lookAtCommands(compose: Compose, facts: Facts): Promise<void> {
  for (const command of [['holds', 'CAMERA001'], ['sweep'], ['consistency'], ['health'], ['dlq', 'list']]) {
    // It throws where one fails, and `consistency` fails where books differ.
    await facts.timed(`"${command.join(' ')}" was done in`, async () => compose.run('run', '--rm', 'cli', ...command))
  }
}

async function killOne(compose: Compose, service: string, facts: Facts): Promise<void> {
  const restarts = Number(await compose.inspect(service, '{{.RestartCount}}'))
  await facts.timed(`${service} was killed, and well again after`, async () => {
    await compose.kill(service)
    await compose.untilBack(service, restarts + 1, patienceMs)
  })
}

/** Callers ask DNS when they connect: what was there before them has its share at once. */
async function untilBothCalled(compose: Compose, facts: Facts): Promise<void> {
  for (const service of doubled) {
    const calls = async () => Promise.all([1, 2].map(async (index) => countCalls(await compose.metrics(service, index))))
    const counts = await waitFor(async () => (await calls()).every((count) => count >= 20) && calls(), {
      what: `both containers of ${service} to be called`,
      timeoutMs: 2 * patienceMs,
    })
    facts.note(`calls to each ${service}`, counts.join(' and '))
  }
}

const countCalls = (metrics: string): number =>
  [...metrics.matchAll(/^grpc_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
