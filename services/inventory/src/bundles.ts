/** Products that are made of others (docs/decisions/034). */
import type { BundlePart } from '@holdfast/contracts/inventory'
import { HoldfastError, invalidField } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { findKinds } from './sql/products'

/** @throws NOT_FOUND for a part that there is not, INVALID_ARGUMENT for one that is a bundle */
export async function checkPartsAreThere(client: PoolClient, asked: BundlePart[], parts: BundlePart[]): Promise<void> {
  if (parts.length === 0) return
  const found = await findKinds(
    client,
    parts.map(({ sku }) => sku),
  )
  for (const { sku } of parts) {
    const field = `parts[${asked.findIndex((part) => part.sku.toUpperCase() === sku)}].sku`
    if (found.get(sku) === true) throw invalidField(field, 'is a bundle itself')
    if (!found.has(sku)) {
      const fields = [{ field, message: 'there is no such product' }]
      throw new HoldfastError('NOT_FOUND', `There is no product ${sku}`, { fields })
    }
  }
}
