import { Availability } from '@holdfast/contracts/inventory'
import { createLog } from '@holdfast/service'

import { type Seen, viewKey } from '../availability'
import type { View } from '../sql/levels'
import { AvailabilityWatch } from './availability-watch'

/** A watch for 3 watchers and 3 SKUs whose looks end when they are let go. */
function slowWatch(): { watch: AvailabilityWatch; letGo: () => void } {
  let letGo = (): void => undefined
  const there = (view: View): [string, Availability] => [
    viewKey(view),
    Availability.fromPartial({ sku: view.sku, onHand: 1, available: 1 }),
  ]
  const read = async (views: View[]): Promise<Seen> => {
    await new Promise<void>((resolve) => (letGo = resolve))
    return new Map(views.filter(({ sku }) => sku !== 'NONE').map(there))
  }
  const watch = new AvailabilityWatch({ read, log: createLog('test', 'silent'), maxWatchers: 3, maxSkus: 3 })
  return { watch, letGo: () => letGo() }
}

const views = (skus: string[]): View[] => skus.map((sku) => ({ sku, channel: '' }))
const overloaded = { code: 'OVERLOADED' }

test('who is in the look under way counts, and so do their SKUs', async () => {
  const { watch, letGo } = slowWatch()
  const first = watch.join(views(['A', 'B']), '')
  await expect(watch.join(views(['C', 'D']), '')).rejects.toMatchObject(overloaded)
  letGo()
  watch.leave(await first)
  const others = ['A', 'B', 'C'].map(async (sku) => watch.join(views([sku]), ''))
  await expect(watch.join(views(['A']), '')).rejects.toMatchObject(overloaded)
  for (let index = 0; index < 3; index++) {
    letGo()
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const watcher of await Promise.all(others)) watch.leave(watcher)
  letGo()
})

test('a SKU that several bring along is one, and one that there is not is forgotten', async () => {
  const { watch, letGo } = slowWatch()
  const same = [1, 2].map(async () => watch.join(views(['A', 'B', 'NONE']), ''))
  const refused = Promise.allSettled(same)
  for (let index = 0; index < 3; index++) {
    letGo()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await refused).map((one) => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual([
    'NOT_FOUND',
    'NOT_FOUND',
  ])
  const later = watch.join(views(['A', 'B', 'C']), '')
  await new Promise((resolve) => setImmediate(resolve))
  letGo()
  watch.leave(await later)
})
