import type { Database } from '@holdfast/service'

import type { Upstreams } from './upstreams'

export interface Readiness {
  ready: boolean
  /** Each part by name: whether it answers. */
  parts: Record<string, 'ok' | 'no answer'>
  /** The names of those that don't, and are needed. */
  missing: string[]
}

/** How long a part may take to say that it is well, in ms. */
const timeoutMs = 1_000

/** Asks the database and every service behind the gateway, all at once; who asks meanwhile gets the same answer. */
export function createReadiness(database: Database, upstreams: Upstreams): () => Promise<Readiness> {
  let underWay: Promise<Readiness> | undefined
  const ask = async (): Promise<Readiness> => {
    const checks = [...upstreams].map(async (upstream) => [upstream.address.peer, await upstream.isServing(timeoutMs)] as const)
    const results = await Promise.all([databaseAnswers(database), ...checks])
    const optional = new Set([...upstreams].filter(({ address }) => address.optional === true).map(({ address }) => address.peer))
    const missing = results.filter(([name, well]) => !well && !optional.has(name)).map(([name]) => name)
    const parts = Object.fromEntries(results.map(([name, well]) => [name, well ? ('ok' as const) : ('no answer' as const)]))
    return { ready: missing.length === 0, parts, missing }
  }
  return async () => {
    underWay ??= ask().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}

async function databaseAnswers(database: Database): Promise<readonly [string, boolean]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  const asked = database.pool.query('select 1').then(
    () => true,
    () => false,
  )
  const well = await Promise.race([asked, late])
  clearTimeout(timer)
  return ['database', well]
}
