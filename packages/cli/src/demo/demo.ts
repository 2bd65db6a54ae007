import { type Admin, Api } from './api'
import { createProgress, type Progress } from '../progress'
import { isOk, renderChecks } from '../report'
import { checkBooks } from './books'
import { race } from './race'
import type { Session } from './session'
import { shopDay } from './shop-day'
import { registerShoppers } from './shoppers'
import { warehouseDay } from './warehouse-day'

/** Where it is played, and who its admin is. */
export interface Stage {
  /** Of the gateway. */
  url: string
  admin: Admin
}

export interface DemoOptions {
  /** The day over three warehouses, in the place of the race and the plain day. */
  warehouses?: boolean
  /** Of that day, only so many baskets. */
  baskets?: number
}

const numberOfShoppers = 100

/** Shows on the running system that nothing is sold twice. @returns whether every number came out as it should */
export async function demo(stage: Stage, options: DemoOptions = {}, progress: Progress = createProgress()): Promise<boolean> {
  try {
    return await run(stage, options, progress)
  } finally {
    progress.stop()
  }
}

async function run({ url, admin }: Stage, { warehouses = false, baskets }: DemoOptions, progress: Progress): Promise<boolean> {
  const begunAt = performance.now()
  const api = new Api(url, progress.say)
  const asAdmin = await api.logIn(admin)
  progress.say(`Holdfast at ${url}`)
  const shoppers = await registerShoppers(api, progress, Math.min(baskets ?? numberOfShoppers, numberOfShoppers))
  const session: Session = { api, progress, admin: asAdmin, shoppers, checks: [], unexpected: new Set(), facts: [] }
  if (!warehouses) await race(session)
  await checkBooks(session, await (warehouses ? warehouseDay(session, baskets) : shopDay(session)))
  return report(session, performance.now() - begunAt)
}

function report({ progress, checks, unexpected, facts }: Session, ms: number): boolean {
  const wrong = checks.filter((check) => !isOk(check)).length
  progress.say(`\n${renderChecks(checks)}\n`)
  for (const fact of facts) progress.say(fact)
  for (const text of [...unexpected].slice(0, 10)) progress.say(`not expected: ${text}`)
  const took = `${(ms / 1000).toFixed(1)} s in all`
  progress.say(
    wrong === 0 ? `All ${checks.length} numbers are right; ${took}.` : `${wrong} of ${checks.length} numbers are WRONG; ${took}.`,
  )
  return wrong === 0
}
