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

/** A table with its columns as wide as what stands in them; what looks like a number stands to the right. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const toRight = head.map((_title, column) => rows.length > 0 && rows.every((row) => /^[\d,.]+$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => (toRight[column] ? (cells[column] ?? '').padStart(width) : (cells[column] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

function show(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'number' ? value.toLocaleString('en-GB') : value
}
