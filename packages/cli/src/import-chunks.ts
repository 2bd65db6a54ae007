/** A CSV file in chunks that one call takes, the same ones whenever it is read. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

import {
  type CsvRow,
  type FileKind,
  productFile,
  type ProductRow,
  readCsv,
  stockFile,
  type StockRow,
  writeCsv,
} from '@holdfast/goods'

export type Row = ProductRow | StockRow

export interface Chunk {
  /** From 0. */
  number: number
  /** Of the content. */
  hash: string
  csv: string
  rows: number
  /** SKUs of plain products that come before in the file, and that bundles of this chunk are made of. */
  assumed: readonly string[]
  /** The line of the file that a line of the chunk was. */
  lineOf: (line: number) => number
}

/** They travel in the address of a call. */
const mostAssumed = 100

/** Stock has warehouses, products have not. */
export function kindOf(header: readonly string[]): FileKind<Row> {
  return header.includes('warehouse') ? stockFile : productFile
}

/** @param onRead is told of the bytes that were read @throws FileProblem */
export async function openCsv(path: string, onRead: (bytes: Uint8Array) => void = () => undefined) {
  return readCsv<Row>(bytesOf(path, onRead), kindOf)
}

async function* bytesOf(path: string, onRead: (bytes: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    onRead(bytes)
    yield bytes
  }
}

/**
 * Bundles come last, since what they are made of has to be there; their rows are kept until then.
 * @param size rows of a chunk
 */
export async function* chunksOf(path: string, size: number): AsyncGenerator<Chunk> {
  const { header, rows } = await openCsv(path)
  const bundles: CsvRow<Row>[] = []
  const plain = new Set<string>()
  let number = 0
  let chunk: CsvRow<Row>[] = []
  for await (const row of rows) {
    if (partsOf(row).length > 0) {
      bundles.push(row)
      continue
    }
    plain.add(row.row.sku)
    chunk.push(row)
    if (chunk.length < size) continue
    yield chunkOf(number++, header, chunk, [])
    chunk = []
  }
  if (chunk.length > 0) yield chunkOf(number++, header, chunk, [])
  for (const { rows, assumed } of bundleChunks(bundles, plain, size)) yield chunkOf(number++, header, rows, assumed)
}

function* bundleChunks(bundles: readonly CsvRow<Row>[], plain: ReadonlySet<string>, size: number) {
  let [rows, assumed] = [[] as CsvRow<Row>[], new Set<string>()]
  for (const bundle of bundles) {
    const needed = partsOf(bundle).filter((sku) => plain.has(sku))
    const all = new Set([...assumed, ...needed])
    if (rows.length > 0 && (rows.length === size || all.size > mostAssumed)) {
      yield { rows, assumed: [...assumed] }
      ;[rows, assumed] = [[], new Set(needed)]
    } else assumed = all
    rows.push(bundle)
  }
  if (rows.length > 0) yield { rows, assumed: [...assumed] }
}

function partsOf({ row }: CsvRow<Row>): string[] {
  return 'parts' in row ? (row.parts ?? []).map(({ sku }) => sku) : []
}

function chunkOf(number: number, header: readonly string[], rows: readonly CsvRow<Row>[], assumed: readonly string[]): Chunk {
  const csv = writeCsv([header, ...rows.map(({ cells }) => cells)])
  const lines = new Map<number, number>()
  let next = 2
  for (const { line, cells } of rows) {
    lines.set(next, line)
    next += 1 + cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0)
  }
  const hash = createHash('sha256').update(csv).digest('hex')
  return { number, hash, csv, rows: rows.length, assumed, lineOf: (line) => lines.get(line) ?? 1 }
}
