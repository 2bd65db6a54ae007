/** Products that are made of others (docs/decisions/034). */
import type { BundlePart } from '@holdfast/contracts/inventory'
import { HoldfastError, invalidField } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { findBundles } from './sql/products'
import { checkSku, checkUnits } from './validate'

const mostParts = 50
/** Units of a part in one bundle. */
const mostOfAPart = 1_000

/** By SKU. @param sku of the bundle @throws INVALID_ARGUMENT that names what is wrong */
export function checkParts(sku: string, asked: BundlePart[]): BundlePart[] {
  if (asked.length > mostParts) throw invalidField('parts', `must be at most ${mostParts}`)
  const parts = asked.map((part, index) => ({
    sku: checkSku(`parts[${index}].sku`, part.sku),
    quantity: checkUnits(`parts[${index}].quantity`, part.quantity, 1, mostOfAPart),
  }))
  parts.forEach((part, index) => {
    const field = `parts[${index}].sku`
    if (part.sku === sku) throw invalidField(field, 'is the bundle itself')
    if (parts.findIndex((other) => other.sku === part.sku) < index) throw invalidField(field, 'is named twice')
  })
  return parts.sort((a, b) => (a.sku < b.sku ? -1 : 1))
}

/** @throws NOT_FOUND for a part that there is not, INVALID_ARGUMENT for one that is a bundle */
export async function checkPartsAreThere(client: PoolClient, asked: BundlePart[], parts: BundlePart[]): Promise<void> {
  if (parts.length === 0) return
  const found = await findBundles(
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
