import { join } from 'node:path'

import { noLimits, System } from '@holdfast/launcher'
import { queryOne, waitFor } from '@holdfast/testing'
import { startKafkaCluster } from '@holdfast/testing/kafka'

import { startMs } from '../patience'
import type { Facts } from '../facts'
import { checkKept } from '../kept'
import { type Shopping, startShopping } from '../shoppers'

/** One that reads has its session to lose first, and a machine that does all of it is busy, in ms. */
const patienceMs = 180_000

/** One of three brokers is killed under load, and comes back: no event is lost, and how long none arrived. */
export async function tryKafka(folder: string, facts: Facts): Promise<void> {
  const brokers = await startKafkaCluster(folder)
  try {
    const env = { ...noLimits, KAFKA_BROKERS: brokers.map((broker) => broker.brokers).join(',') }
    const system = await System.start({ dataFolder: join(folder, 'system'), readyTimeoutMs: startMs, env })
    try {
      const shopping = await startShopping(system)
      await shopping.goesOn(100)
      await untilHeard(system, shopping)
      const lostAt = performance.now()
      // Three of twelve partitions of each topic and more are led by it, and a third of the groups.
      await brokers[0]?.kill()
      facts.note('one of three brokers is killed', `after ${shopping.told.reservations.size} reservations`)
      facts.time('the audit log had all events of after that within', await untilHeard(system, shopping))
      await shopping.goesOn(50, patienceMs)
      const backAt = performance.now()
      await brokers[0]?.start()
      facts.time('the broker is back after', performance.now() - backAt)
      await shopping.goesOn(50, patienceMs)
      await shopping.stop()
      const outage = shopping.looks.outageSince(lostAt)
      facts.note('reservations refused meanwhile', JSON.stringify(outage?.failed ?? {}))
      facts.time('the longest reservation of that time took', shopping.looks.longestSince(lostAt))
      await checkKept(system, shopping, facts)
    } finally {
      await system.stop()
    }
  } finally {
    await Promise.all(brokers.map(async (broker) => broker.kill()))
  }
}

/** @returns how long it takes until what is reserved from now on is in the audit log, in ms */
async function untilHeard(system: System, shopping: Shopping): Promise<number> {
  const from = performance.now()
  const known = new Set(shopping.told.reservations.keys())
  await shopping.goesOn(10, patienceMs)
  const ids = [...shopping.told.reservations.keys()].filter((id) => !known.has(id))
  const heard = async () => {
    const text = `select count(distinct object_id)::integer as count from audit_records
      where action = 'reservation.created' and object_id = any ($1)`
    return (await queryOne<{ count: number }>(system, 'audit', text, [ids])).count === ids.length
  }
  await waitFor(heard, { what: 'events to arrive', timeoutMs: patienceMs })
  return performance.now() - from
}
