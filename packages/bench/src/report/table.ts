/** A table's first row is its head. */
export type Table = string[][]

/** For a terminal: columns as wide as what stands in them, numbers to the right. */
export function toText([head = [], ...rows]: Table): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const numeric = head.map((_, column) => isNumeric(rows, column))
  const line = (cells: string[]): string =>
    widths
      .map((width, column) => (numeric[column] ? (cells[column] ?? '').padStart(width) : (cells[column] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

export function toMarkdown([head = [], ...rows]: Table): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`
  const rule = `|${head.map((_, column) => (isNumeric(rows, column) ? '---:' : '---')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function isNumeric(rows: string[][], column: number): boolean {
  return rows.length > 0 && rows.every((row) => /^[\d,.]+( to [\d,.]+)?$/.test(row[column] ?? ''))
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}

export function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}
