import type { Cells } from './cells'

/** What the rows of one kind of file say. */
export interface FileKind<Row> {
  /** As `products`. */
  name: string
  /** Every column that there may be, in the order of an export. */
  columns: readonly string[]
  /** @returns why these columns make no such file; undefined: they do */
  whyNot(columns: ReadonlySet<string>): string | undefined
  /** What is wrong is noted in the cells; then the row is not to be used. */
  readRow(cells: Cells): Row
  /** What no other row of the file may have, for people. */
  keyOf(row: Row): string
}
