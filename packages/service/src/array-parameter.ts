type Element = string | number | bigint | boolean | Date | null | undefined

/**
 * A list as the text of a PostgreSQL array. The driver would do it by adding one string to another and two replacements for
 * each text: a sixth of all that reserving allocates. @returns undefined for what is the driver's to write (lists in lists, bytes)
 */
export function arrayParameter(values: readonly unknown[]): string | undefined {
  return values.every(isElement) ? `{${values.map(elementText).join(',')}}` : undefined
}

function isElement(value: unknown): value is Element {
  return typeof value !== 'object' || value === null || value instanceof Date
}

function elementText(value: Element): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return `"${/["\\]/.test(value) ? value.replaceAll(/["\\]/g, '\\$&') : value}"`
  return value instanceof Date ? `"${value.toISOString()}"` : String(value)
}
