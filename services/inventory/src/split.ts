/** Moving units of a hold to a hold of their own, so that they can be sold while the rest goes on (docs/decisions/034). */
import type { SplitHoldRequest, SplitHoldResponse } from '@holdfast/contracts/inventory'
import {
  checkUuid,
  Combiner,
  type Database,
  databaseError,
  faultPoint,
  HoldfastError,
  notFound,
  toItemError,
} from '@holdfast/service'

import { checkLines, keyReused } from './change-lines'
import { whyNot } from './end-holds'
import { findHoldsWithLines, type HoldSplit, splitLines, type SplitRow } from './sql/lines'

/** Transactions of their own, so many at once. */
const atOnce = 8

export function createSplits(database: Database): Combiner<HoldSplit, SplitHoldResponse> {
  return new Combiner<HoldSplit, SplitHoldResponse>({
    name: 'splits of holds',
    run: async (items) => Promise.all(items.map(async (item) => ({ value: await split(item, database) }))),
    maxItems: 1,
    maxQueue: 10_000,
    concurrency: atOnce,
  })
}

/** @throws INVALID_ARGUMENT */
export function checkSplit(request: SplitHoldRequest): HoldSplit {
  return {
    id: checkUuid('id', request.id),
    partId: checkUuid('partId', request.partId),
    fingerprint: request.fingerprint,
    lines: checkLines(request.lines, 1),
    linesVersion: request.linesVersion,
  }
}

async function split(item: HoldSplit, { pool }: Database): Promise<SplitHoldResponse> {
  try {
    const row = await splitLines(pool, item)
    await faultPoint('inventory.changed')
    const holds = await findHoldsWithLines(pool, [item.id, item.partId])
    const rest = holds.get(item.id)
    const error = refusal(item, row, rest?.state ?? '')
    const hold = row.outcome === 'DONE' || row.outcome === 'EXISTS' ? holds.get(item.partId) : undefined
    return { part: { hold, error: error && toItemError(error), replayed: row.outcome === 'EXISTS' }, rest }
  } catch (error) {
    throw databaseError(error)
  }
}

function refusal({ id, lines }: HoldSplit, { outcome, line }: SplitRow, state: string): HoldfastError | undefined {
  const index = (line ?? 1) - 1
  const sku = lines[index]?.sku ?? ''
  const about = (field: string, message: string) => ({ fields: [{ field: `lines[${index}].${field}`, message }] })
  switch (outcome) {
    case 'DONE':
    case 'EXISTS':
      return undefined
    case 'REUSED':
      return keyReused()
    case 'BURIED':
      return new HoldfastError('RESERVATION_EXPIRED', 'This part was given back before it was made')
    case 'UNKNOWN':
      // In the archive it has ended long ago.
      return state === '' ? notFound('hold', id) : whyNot('PROLONG', state)
    case 'AS_IS':
      return whyNot('PROLONG', state)
    case 'PROTECTED':
      return new HoldfastError('PAYMENT_IN_PROGRESS', 'A payment is under way for this reservation')
    case 'CONFLICT':
      return new HoldfastError('CONFLICT', 'The lines of this reservation were changed meanwhile')
    case 'TOO_FEW':
      return new HoldfastError(
        'INVALID_ARGUMENT',
        `This reservation has fewer units of ${sku} than that; were they checked out before?`,
        about('quantity', 'are more than it has'),
      )
    case 'RULES':
      return new HoldfastError('ILLEGAL_TRANSITION', `${sku} is a bundle, which is not split`, about('sku', 'is a bundle'))
    case 'EVERYTHING':
      return new HoldfastError('ILLEGAL_TRANSITION', 'A part is not all of it')
  }
}
