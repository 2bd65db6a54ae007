/** Files of rows, read as they come: RFC 4180 in UTF-8, with or without a byte order mark, with whatever line ends. */
import { pipeline, Readable } from 'node:stream'
import { types } from 'node:util'

import { CsvError, type Info, parse, type Parser } from 'csv-parse'

import { type CellProblem, Cells } from './cells'
import type { FileKind } from './file-kind'

/** Characters of one row; a quote that is never closed would take the rest of the file. */
const longestRow = 65_536

/** What makes it no file of its kind, so that no row of it can be read. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem'

  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message)
  }
}

export interface CsvRow<Row> {
  /** Where it begins, from 1. */
  line: number
  /** As they were written. */
  cells: readonly string[]
  /** Not to be used where there are problems. */
  row: Row
  problems: readonly CellProblem[]
}

export interface CsvFile<Row> {
  kind: FileKind<Row>
  /** The names of its columns, in order. */
  header: readonly string[]
  /** One after the other; rows of the same key are a problem of the later one, so the keys are kept. @throws FileProblem */
  rows: AsyncGenerator<CsvRow<Row>>
}

/**
 * Reads the header, and then row by row what it is asked for.
 * @param kind or what it is by the names of its columns
 * @throws FileProblem for what has no such header, or is no CSV
 */
export async function readCsv<Row>(
  source: AsyncIterable<Uint8Array>,
  kind: FileKind<Row> | ((header: readonly string[]) => FileKind<Row>),
): Promise<CsvFile<Row>> {
  const records = readRecords(source)
  const first = await records.next()
  if (first.done === true) throw new FileProblem(1, 'the file is empty')
  const header = first.value.cells.map((cell) => cell.trim())
  const known = typeof kind === 'function' ? kind(header) : kind
  checkHeader(header, first.value.line, known)
  return { kind: known, header, rows: readRows(records, header, known) }
}

function checkHeader(header: readonly string[], line: number, kind: FileKind<unknown>): void {
  const unknown = header.filter((name) => !kind.columns.includes(name))
  const [only = ''] = header
  if (header.length === 1 && /[;\t]/.test(only)) throw new FileProblem(line, 'the columns have to be separated by commas')
  if (unknown.length > 0) {
    const names = unknown.map((name) => JSON.stringify(name)).join(', ')
    throw new FileProblem(line, `a file of ${kind.name} has no column ${names}; it may have ${kind.columns.join(', ')}`)
  }
  const twice = header.find((name, index) => header.indexOf(name) < index)
  if (twice !== undefined) throw new FileProblem(line, `the column ${twice} is there twice`)
  if (!header.includes('sku')) throw new FileProblem(line, 'the column sku is missing')
  const why = kind.whyNot(new Set(header))
  if (why !== undefined) throw new FileProblem(line, why)
}

async function* readRows<Row>(
  records: AsyncGenerator<Line>,
  header: readonly string[],
  kind: FileKind<Row>,
): AsyncGenerator<CsvRow<Row>> {
  const columns = new Map(header.map((name, index) => [name, index]))
  const lineByKey = new Map<string, number>()
  for await (const { line, cells } of records) {
    const values = new Cells(line, columns, cells)
    if (cells.length !== header.length) values.note('', `has ${cells.length} cells, and the header ${header.length}`)
    const row = kind.readRow(values)
    if (values.problems.length === 0) {
      const key = kind.keyOf(row)
      const before = lineByKey.get(key)
      if (before === undefined) lineByKey.set(key, line)
      else values.note('sku', `${key} is in line ${before} already`)
    }
    yield { line, cells, row, problems: values.problems }
  }
}

interface Line {
  line: number
  cells: string[]
}

async function* readRecords(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const parser: Parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: longestRow,
  })
  // The parser is told of what goes wrong before it, and the loop below by the parser.
  pipeline(Readable.from(decode(source)), parser, () => undefined)
  let counted = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      const lineEnds = record.flatMap((cell) => cell.match(/\r\n|\r|\n/g) ?? [])
      // The parser counts a quoted CRLF as two.
      counted += lineEnds.filter((end) => end === '\r\n').length
      // What a spreadsheet leaves of an empty row.
      if (record.every((cell) => cell.trim() === '')) continue
      yield { line: info.lines - counted - lineEnds.length, cells: record }
    }
  } catch (error) {
    throw error instanceof CsvError ? new FileProblem(lineOf(error), inWords(error)) : error
  }
}

function lineOf(error: CsvError): number {
  return typeof error['lines'] === 'number' ? error['lines'] : 1
}

function inWords({ code, message }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote is opened and never closed'
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `a row has more than ${longestRow} characters: is there a quote that is never closed?`
  if (code === 'CSV_INVALID_CLOSING_QUOTE') return 'a quote is closed and something other than a comma follows'
  return message
}

/** Takes a byte order mark off. */
async function* decode(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const bytes of source) yield decoder.decode(bytes, { stream: true })
    yield decoder.decode()
  } catch (error) {
    throw isOfEncoding(error) ? new FileProblem(1, 'the file is not in UTF-8') : error
  }
}

function isOfEncoding(error: unknown): boolean {
  return types.isNativeError(error) && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
}
