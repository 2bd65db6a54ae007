/** The cells of one row, read by their columns; what is wrong with them is gathered, so that a row tells all of it. */
import { HoldfastError, invalidField } from '@holdfast/service'

/** What is wrong, and where. `line` is that of the text, as editors count them; a row that has quoted line ends begins there. */
export interface CellProblem {
  line: number
  /** Empty: it is about the row, or the file. */
  column: string
  message: string
}

export class Cells {
  readonly problems: CellProblem[] = []

  constructor(
    private readonly line: number,
    private readonly columns: ReadonlyMap<string, number>,
    private readonly cells: readonly string[],
  ) {}

  has(column: string): boolean {
    return this.columns.has(column)
  }

  /** @returns undefined where there is no such column, or the cell is wrong, which is noted */
  read<Value>(column: string, convert: (text: string) => Value): Value | undefined {
    const index = this.columns.get(column)
    if (index === undefined) return undefined
    try {
      return convert(this.cells[index]?.trim() ?? '')
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      this.note(column, error.fields[0]?.message ?? error.message)
      return undefined
    }
  }

  note(column: string, message: string): void {
    this.problems.push({ line: this.line, column, message })
  }
}

/** @throws INVALID_ARGUMENT for what is no whole number in digits */
export function readWhole(field: string, text: string): number {
  if (text === '') throw invalidField(field, 'is needed')
  if (!/^[+-]?\d{1,15}$/.test(text)) throw invalidField(field, 'must be a whole number, in digits alone')
  return Number(text)
}

/** @throws INVALID_ARGUMENT for what is neither `yes` nor `no`; empty: no */
export function readYes(field: string, text: string): boolean {
  if (!/^(yes|no)?$/i.test(text)) throw invalidField(field, 'must be yes or no')
  return text.toLowerCase() === 'yes'
}

/** @returns null for an empty cell: none */
export function orNone<Value>(convert: (text: string) => Value): (text: string) => Value | null {
  return (text) => (text === '' ? null : convert(text))
}

/**
 * A spreadsheet takes a text that begins so for a formula, and may run it: it gets a `'` in front, and so does one that had such a
 * `'` before, so that each text comes back as it was.
 */
export function guardText(text: string): string {
  return /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

/** Takes the `'` of {@link guardText} off again. */
export function unguardText(cell: string): string {
  return /^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell
}
