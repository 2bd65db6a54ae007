/** What has to be true of all that shoppers were told, whatever broke meanwhile. */
import { type ConsistencyReply, countSold, notAsTold, untilAudited, waitFor } from '@holdfast/testing'

import type { Facts } from './facts'
import type { Shop, Shopping } from './shoppers'

/** Whose promises are looked after: what there was to have, and what they were told. */
export type Promised = Pick<Shopping, 'admin' | 'skus' | 'told'>

/** Looks at everything once the shoppers have stopped, and notes what was found. */
export async function checkKept(shop: Shop, shopping: Promised, facts: Facts): Promise<void> {
  const { admin, skus, told } = shopping
  facts.note('acknowledged', `${told.reservations.size} reservations, ${told.orders.size} of them paid`)
  expectNone('of what was acknowledged, not as it was told', await notAsTold(admin, told), facts)

  const rests = ({ checked, differences }: ConsistencyReply) => checked['underWay'] === '0' && differences.length === 0
  // A hold whose reservation was not written any more differs until it is released. What does not go by itself is told below.
  await waitFor(async () => rests(await readBooks(shopping)), {
    what: 'the books to rest, with workers that take over from dead ones, and orphans that are given back',
    timeoutMs: 180_000,
  }).catch(() => undefined)
  const books = await readBooks(shopping)
  const differences = books.differences.map((one) => JSON.stringify(one))
  expectNone('differences in the books', differences, facts)
  facts.expect('rows that are under way for good', 0, Number(books.checked['underWay']))
  const { sold, paid, taken, oversold } = await countSold(shop, admin, skus, told)
  expectNone('SKUs with more units than there were, held or sold', oversold, facts)
  facts.expect('units that left the shelf, and were not paid for once', 0, Math.abs(sold - paid) + Math.abs(sold - taken))
  await checkAudited(shop, shopping, facts)
}

function expectNone(what: string, found: readonly string[], facts: Facts): void {
  facts.expect(what, 0, found.length)
  for (const one of found) facts.note('  found', one)
}

export async function readBooks({ admin }: Pick<Promised, 'admin'>): Promise<ConsistencyReply> {
  const { status, body } = await admin.get<ConsistencyReply>('/v1/consistency')
  if (status !== 200) throw new Error(`no check of the books: ${status} ${JSON.stringify(body)}`)
  return body
}

/** Each acknowledged reservation was told once to the audit log, which is whole. */
export async function checkAudited(shop: Shop, { admin, told }: Promised, facts: Facts): Promise<void> {
  const again = await untilAudited(shop, [...told.reservations.keys()])
  facts.expect('audit records too many of reservations', 0, again)
  const { body } = await admin.get<{ valid: boolean }>('/v1/audit:verify')
  facts.expect('whole audit logs', 1, body.valid ? 1 : 0)
}
