/** What importing has in common whatever the rows are: the file as a whole, a key, one import at a time (docs/decisions/037). */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'

import type { HttpBody } from '@holdfast/contracts'
import { type CellProblem, type CsvRow, type FileKind, FileProblem, readCsv } from '@holdfast/goods'
import {
  type CallContext,
  type ErrorCode,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  invalidField,
  operationId,
} from '@holdfast/service'
import type { PoolClient } from 'pg'

import { findImport, insertImport, lockImports } from '../sql/imports'
import { checkFingerprint } from '../validate'

const mostRows = 5_000
/** Named in one answer: they travel in headers, which are small. */
const mostProblems = 20
/** Bytes that are read at a time: shoppers are not to wait for the rest of the file. */
const sliceBytes = 32_768

export interface Outcome {
  created: number
  changed: number
  /** Rows that say what is so already. */
  unchanged: number
}

/** @throws INVALID_ARGUMENT that names the cells that are wrong */
export async function readImport<Row>(file: HttpBody | undefined, kind: FileKind<Row>): Promise<CsvRow<Row>[]> {
  if (file === undefined || file.data.length === 0) throw invalidField('file', 'is needed')
  const rows: CsvRow<Row>[] = []
  const problems: CellProblem[] = []
  try {
    for await (const row of (await readCsv(slices(file.data), kind)).rows) {
      if (rows.length === mostRows) throw invalidField('file', `must have at most ${mostRows} rows after its header`)
      rows.push(row)
      problems.push(...row.problems)
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error
    refuseRows([{ line: error.line, column: '', message: error.message }])
  }
  refuseRows(problems)
  return rows
}

async function* slices(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += sliceBytes) {
    yield data.subarray(at, at + sliceBytes)
    await setImmediate()
  }
}

/** Refuses the file where there are any. @throws the error of `code`, INVALID_ARGUMENT unless it says otherwise */
export function refuseRows(problems: readonly CellProblem[], code: ErrorCode = 'INVALID_ARGUMENT'): void {
  const [first] = problems
  if (first === undefined) return
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  const fields = problems.slice(0, mostProblems).map((problem) => ({ field: place(problem), message: problem.message }))
  throw new HoldfastError(code, `${place(first)}: ${first.message}${more}`, { fields })
}

const place = ({ line, column }: CellProblem): string => (column === '' ? `line ${line}` : `line ${line}, ${column}`)

/** Of one request: undefined where it has no key, so there can't be a repeat. */
export type Key = { id: string; print: string } | undefined

/** @param also what else the request says, so that the same key with anything other is refused */
export function keyOf(
  operation: string,
  request: { file?: HttpBody | undefined; clientToken: string },
  also: unknown[],
  ctx: CallContext,
): Key {
  const key = idempotencyKey(ctx, request.clientToken)
  if (key === undefined) return undefined
  const content = createHash('sha256')
    .update(request.file?.data ?? new Uint8Array())
    .digest('hex')
  return { id: operationId(ctx.actor.id, operation, key), print: fingerprint([content, ...also]) }
}

/**
 * Does the work with no other import beside it, and remembers it; or answers what it did before.
 * @throws IDEMPOTENCY_KEY_REUSED when the key was another request's
 */
export async function importOnce(
  client: PoolClient,
  key: Key,
  work: () => Promise<Outcome>,
): Promise<Outcome & { replayed: boolean }> {
  await lockImports(client)
  const known = key && (await findImport(client, key.id))
  if (key !== undefined && known !== undefined) {
    checkFingerprint(known.fingerprint, key.print)
    const { created, changed, unchanged } = known
    return { created, changed, unchanged, replayed: true }
  }
  const outcome = await work()
  if (key !== undefined) await insertImport(client, { id: key.id, fingerprint: key.print, ...outcome })
  return { ...outcome, replayed: false }
}
