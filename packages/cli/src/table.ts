import { stripVTControlCharacters, styleText } from 'node:util'

import stringWidth from 'string-width'

/** What stands in a table: words with a tone are coloured on a terminal. */
export type Cell = string | number | boolean | undefined | { text: string; tone: Tone }
export type Tone = 'good' | 'bad' | 'faint' | 'head'

/** Colours what is written to a terminal, unless NO_COLOR says not to. */
export type Paint = (text: string, tone: Tone) => string

const formats = { good: 'green', bad: 'red', faint: 'dim', head: 'bold' } as const

export function painter(stream: NodeJS.WriteStream): Paint {
  return (text, tone) => styleText(formats[tone], text, { stream })
}

const plain: Paint = (text) => text

/** A table with its columns as wide as what stands in them; what looks like a number stands to the right. */
export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint = plain): string {
  const texts = rows.map((row) => head.map((_title, column) => textOf(row[column])))
  const widths = head.map((title, column) => Math.max(stringWidth(title), ...texts.map((row) => stringWidth(row[column] ?? ''))))
  const toRight = head.map((_title, column) => texts.length > 0 && texts.every((row) => /^[-+]?[\d,.]+$/.test(row[column] ?? '')))
  const line = (cells: readonly string[], toneOf: (column: number) => Tone | undefined): string => {
    const last = cells.findLastIndex((cell) => cell !== '')
    return cells
      .slice(0, last + 1)
      .map((cell, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - stringWidth(cell))
        const tone = toneOf(column)
        const painted = tone === undefined || cell === '' ? cell : paint(cell, tone)
        if (toRight[column]) return space + painted
        return column === last ? painted : painted + space
      })
      .join('  ')
  }
  return [
    line(head, () => 'head'),
    line(
      widths.map((width) => '-'.repeat(width)),
      () => 'faint',
    ),
    ...texts.map((cells, row) => line(cells, (column) => toneOf(rows[row]?.[column]))),
  ].join('\n')
}

/** One thing, a line for each of what is known of it. */
export function renderDetails(entries: readonly (readonly [title: string, cell: Cell])[], paint: Paint = plain): string {
  const shown = entries.filter(([, cell]) => textOf(cell) !== '')
  const width = Math.max(...shown.map(([title]) => stringWidth(title)))
  return shown
    .map(([title, cell]) => {
      const tone = toneOf(cell)
      const text = textOf(cell)
      return `${paint(title, 'head')}${' '.repeat(width - stringWidth(title))}  ${tone === undefined ? text : paint(text, tone)}`
    })
    .join('\n')
}

/** Of texts that others wrote, nothing reaches a terminal that would move its cursor or change its colours. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

function textOf(cell: Cell): string {
  if (cell === undefined) return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return oneLine(typeof cell === 'object' ? cell.text : String(cell))
}

function toneOf(cell: Cell): Tone | undefined {
  return typeof cell === 'object' ? cell.tone : undefined
}
