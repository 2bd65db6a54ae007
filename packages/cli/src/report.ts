import { renderTable } from './table'

/** One number that has to come out as it should. */
export interface Check {
  what: string
  expected: string | number | boolean
  found: string | number | boolean
}

export const isOk = (check: Check): boolean => check.expected === check.found

/** The checks as a table of text, numbers with thousands separated. */
export function renderChecks(checks: readonly Check[]): string {
  const rows = checks.map((check) => [check.what, show(check.expected), show(check.found), isOk(check) ? 'ok' : 'WRONG'])
  return renderTable(['what', 'expected', 'found', 'ok?'], rows)
}

function show(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'number' ? value.toLocaleString('en-GB') : value
}
