/** What has become of products since somebody looked, for gateways that keep them (docs/decisions/030-kept-answers.md). */
import type { ListProductChangesRequest, ListProductChangesResponse } from '@holdfast/contracts/inventory'
import { type Database, invalidField } from '@holdfast/service'

import { findProductChanges, presentPosition } from './sql/products'

/** SKUs named in one answer. */
const mostChanges = 1_000

/** Each transaction that was under way is named in a position. */
const longestPosition = 100_000

/** @throws INVALID_ARGUMENT for what was never a position */
export async function listProductChanges(
  { pool }: Pick<Database, 'pool'>,
  { after }: ListProductChangesRequest,
): Promise<ListProductChangesResponse> {
  if (after === '') return { changed: [], position: await presentPosition(pool), all: true }
  if (after.length > longestPosition) throw invalidField('after', 'is too long')
  const { position, skus, ahead } = await findProductChanges(pool, after, mostChanges + 1).catch(explain)
  const all = ahead || skus.length > mostChanges
  return { changed: all ? [] : skus, position, all }
}

/** Only a position is a text that PostgreSQL has to make sense of. */
function explain(error: unknown): never {
  const unreadable = error instanceof Error && 'code' in error && error.code === '22P02'
  throw unreadable ? invalidField('after', 'is no position') : error
}
