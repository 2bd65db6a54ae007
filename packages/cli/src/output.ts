import { once } from 'node:events'

import { type Cell, oneLine, painter, renderDetails, renderTable, type Tone } from './table'

/** How one kind of thing is shown. */
export interface View<Item> {
  /** What `--quiet` prints. */
  id: (item: Item) => string
  /** By their titles, in order. */
  columns: Record<string, (item: Item) => Cell>
  /** Only where one of it is shown. */
  more?: Record<string, (item: Item) => Cell>
}

export interface OutputOptions {
  json?: boolean
  quiet?: boolean
}

/** A page of a list. */
interface Page {
  nextPageToken: string
}

export interface PageRequest {
  pageSize: number
  pageToken: string
}

export interface PageOptions {
  /** Most items; Infinity: all of them. */
  limit: number
  /** Most items that the system answers at once; 200. */
  pageSize?: number
}

/** By the options of a list. @param pageSize most items that the system answers at once */
export function pageOptions({ limit, all }: { limit: number; all?: true }, pageSize?: number): PageOptions {
  return { limit: all === true ? Infinity : limit, pageSize }
}

/** Where all commands write: answers to standard output, for people, as JSON or as ids; what is said about them to standard error. */
export class Output {
  readonly #paint = painter(process.stdout)
  readonly #json: boolean
  readonly #quiet: boolean

  constructor({ json = false, quiet = false }: OutputOptions) {
    this.#json = json
    this.#quiet = quiet
  }

  /** A program reads this: nobody is asked anything, and nothing is drawn. */
  get forPrograms(): boolean {
    return this.#json || this.#quiet
  }

  /** @param answer what `--json` prints, as the API has it */
  async list<Item>(answer: unknown, items: readonly Item[], view: View<Item>, nothing = 'Nothing.'): Promise<void> {
    if (this.#json) return this.json(answer)
    if (this.#quiet) return this.write(items.map((item) => `${view.id(item)}\n`).join(''))
    if (items.length === 0) return this.note(nothing)
    const columns = Object.values(view.columns)
    const rows = items.map((item) => columns.map((of) => of(item)))
    await this.write(`${renderTable(Object.keys(view.columns), rows, this.#paint)}\n`)
  }

  /**
   * A list that comes in pages; no more than a page is kept in memory. With `--json` each page is a line, as the API has it.
   * @param read one page
   */
  async pages<Answer extends Page, Item>(
    { limit, pageSize: most = 200 }: PageOptions,
    read: (page: PageRequest) => Promise<Answer>,
    itemsOf: (answer: Answer) => readonly Item[],
    view: View<Item>,
    nothing?: string,
  ): Promise<void> {
    let left = limit
    for (let pageToken = ''; ;) {
      const answer = await read({ pageSize: Math.min(left, most), pageToken })
      const items = itemsOf(answer)
      left -= items.length
      if (items.length > 0 || pageToken === '') await this.list(answer, items, view, nothing)
      pageToken = answer.nextPageToken
      if (pageToken === '') return
      if (left <= 0) return this.note('There is more: --limit N, or --all')
    }
  }

  /** @param item undefined: the answer lacks what it always has */
  async one<Item>(answer: object, item: Item | undefined, view: View<Item>): Promise<void> {
    if (this.#json) return this.json(answer)
    if (item === undefined) return
    if (this.#quiet) return this.write(`${view.id(item)}\n`)
    const fields = Object.entries({ ...view.columns, ...view.more })
    await this.write(
      `${renderDetails(
        fields.map(([title, of]) => [title, of(item)]),
        this.#paint,
      )}\n`,
    )
    if ('replayed' in answer && answer.replayed === true) this.note('It had been done before: this is how it is now.')
  }

  /** An answer that has no items: for people in these words, nothing with `--quiet`. */
  async say(answer: unknown, ...lines: string[]): Promise<void> {
    if (this.#json) return this.json(answer)
    if (!this.#quiet) await this.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** One JSON value on a line. */
  async json(value: unknown): Promise<void> {
    return this.write(`${JSON.stringify(value)}\n`)
  }

  /** Beside the answer, for people. */
  note(line: string): void {
    if (!this.#quiet && !this.#json) process.stderr.write(`${oneLine(line)}\n`)
  }

  paint(text: string, tone: Tone): string {
    return this.#paint(text, tone)
  }

  /** At the pace of whoever reads. */
  async write(text: string | Uint8Array): Promise<void> {
    if (text.length > 0 && !process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}
