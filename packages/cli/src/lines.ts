import { InvalidArgumentError } from '@commander-js/extra-typings'

/** So many units of a SKU. */
export interface Line {
  sku: string
  quantity: number
  warehouse?: string
}

/** How a line is written down. */
export const lineForm = 'SKU[=UNITS][@WAREHOUSE]'

/** `CAMERA001`, `CAMERA001=2`, `CAMERA001=2@MAIN`; for an argument that may stand several times. */
export function toLines(text: string, before: Line[] = []): Line[] {
  const [, sku = '', units = '1', warehouse] = /^([\w.-]+)(?:=(\d{1,7}))?(?:@([\w-]+))?$/.exec(text) ?? []
  if (sku === '') throw new InvalidArgumentError(`It must look like ${lineForm}, as CAMERA001=2.`)
  return [...before, { sku, quantity: Number(units), ...(warehouse !== undefined && { warehouse }) }]
}
