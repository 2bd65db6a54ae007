/** Sorted pages of several sources side by side; of each at most one page is in memory. */

export class PagedSource<Row> {
  private rows: Row[] = []
  private last = ''
  private ended = false
  /** Rows that were read so far. */
  count = 0

  constructor(
    /** Rows behind an id ('': from the first), sorted by it, at most `pageSize`. */
    private readonly page: (afterId: string, pageSize: number) => Promise<Row[]>,
    private readonly idOf: (row: Row) => string,
    private readonly pageSize: number,
  ) {}

  /** Reads the next page when the one before is used up. */
  async fill(): Promise<void> {
    if (this.rows.length > 0 || this.ended) return
    this.rows = await this.page(this.last, this.pageSize)
    this.count += this.rows.length
    this.ended = this.rows.length < this.pageSize
    const last = this.rows.at(-1)
    if (last !== undefined) this.last = this.idOf(last)
  }

  /** The id up to which every row has been read; undefined: all have. */
  get readTo(): string | undefined {
    return this.ended ? undefined : this.last
  }

  get done(): boolean {
    return this.ended && this.rows.length === 0
  }

  /** Takes out the rows up to an id, which is among those read. @param lastId undefined: all */
  take(lastId: string | undefined): Row[] {
    const beyond = lastId === undefined ? -1 : this.rows.findIndex((row) => this.idOf(row) > lastId)
    const taken = beyond === -1 ? this.rows : this.rows.slice(0, beyond)
    this.rows = beyond === -1 ? [] : this.rows.slice(beyond)
    return taken
  }
}

/** The id up to which all of them have been read; undefined: to the end. */
export function readToOfAll(sources: readonly { readTo: string | undefined }[]): string | undefined {
  return sources.reduce<string | undefined>(
    (least, { readTo }) => (readTo === undefined || (least !== undefined && least <= readTo) ? least : readTo),
    undefined,
  )
}
