/** A CSV file of products or stock into a running system: all of it is looked at first, then it is written chunk by chunk, each once. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

import { HoldfastApiError } from '@holdfast/client'
import type { CellProblem } from '@holdfast/goods'

import type { Call } from './call'
import { reasonOf } from './exit-codes'
import { failureOf } from './failure'
import { type Chunk, chunksOf } from './import-chunks'
import { beginRun, endRun, findRun, type Import, type Run, runPath } from './import-run'
import { inFile, mostShown, refuse, type Survey, survey } from './import-survey'
import { CliProblem, OutcomeUnknown } from './problem'
import type { Progress } from './progress'

export interface ImportOptions {
  /** Of each movement of stock. */
  reason?: string
  reasonCode?: 'COUNT' | 'DAMAGE' | 'LOSS' | 'THEFT' | 'FOUND' | 'CORRECTION' | 'RECEIVED' | 'OTHER'
  reference?: string
  /** Only look. */
  check?: boolean
  /** Rows in one call, 1 to 5,000. */
  chunkRows: number
}

/** For one chunk, in ms. */
const timeoutMs = 60_000

/** @throws CliProblem that says what is wrong, and whether something was written (then its reason is `partly`) */
export async function importCsv(call: Call, path: string, options: ImportOptions, progress: Progress): Promise<void> {
  try {
    await run(call, path, options, progress)
  } finally {
    progress.stop()
  }
}

async function run(call: Call, path: string, options: ImportOptions, progress: Progress): Promise<void> {
  const file = await survey(path, progress)
  const { user } = await call.client.getMe({})
  const { reason, reasonCode, reference, check = false, chunkRows } = options
  const said = file.kind === 'stock' ? { reason, reasonCode, reference } : {}
  const job: Job = { call, path, file, said, progress }
  const wanted: Import = { url: call.url, userId: user?.id ?? '', file: file.hash, said: JSON.stringify(said) }
  const statePath = runPath(path)
  const before = check ? undefined : await findRun(statePath, wanted)
  if (before !== undefined) {
    call.out.note('An import of this file was cut off: it goes on, and what is written is not written again.')
    return write(job, before, statePath, undefined)
  }
  await checkWarehouses(job)
  const { hashes, sum } = await look(job, chunkRows)
  if (check) return call.out.say(sum, `Nothing was written. It would be ${inWords(file, sum)}`)
  await write(job, await beginRun(statePath, wanted, chunkRows), statePath, hashes)
}

/** Rows. */
interface Outcome {
  created: number
  changed: number
  unchanged: number
}

interface Job {
  call: Call
  path: string
  file: Survey
  said: Pick<ImportOptions, 'reason' | 'reasonCode' | 'reference'>
  progress: Progress
}

/** Once for all rows. */
async function checkWarehouses({ call, path, file }: Job): Promise<void> {
  if (file.warehouses.size === 0) return
  const known = new Set<string>()
  for (let pageToken = ''; ;) {
    const { warehouses, nextPageToken } = await call.client.listWarehouses({ pageSize: 1_000, pageToken })
    for (const { code } of warehouses) known.add(code)
    if (nextPageToken === '') break
    pageToken = nextPageToken
  }
  const unknown = [...file.warehouses].filter(([code]) => !known.has(code))
  refuse(
    path,
    unknown.map(([code, line]) => ({ line, column: 'warehouse', message: `there is no warehouse ${code}` })),
  )
}

/** Has the system look at all of it. @returns the hashes of the chunks, which are not to be others later */
async function look(job: Job, chunkRows: number): Promise<{ hashes: string[]; sum: Outcome }> {
  const looking = job.progress.begin('checking, rows', job.file.rows)
  const hashes: string[] = []
  const problems: CellProblem[] = []
  const sum = { created: 0, changed: 0, unchanged: 0 }
  let worst: HoldfastApiError | undefined
  for await (const chunk of chunksOf(job.path, chunkRows)) {
    const answer = await orRefusal(chunk, send(job, chunk, { validateOnly: true, assumed: chunk.assumed }))
    hashes.push(chunk.hash)
    looking.tick(chunk.rows)
    if ('refusal' in answer) {
      worst ??= answer.refusal
      problems.push(...answer.problems)
      if (problems.length >= mostShown) break
    } else add(sum, answer)
  }
  looking.end()
  refuse(job.path, problems, worst && reasonOf(worst.code, worst.status))
  return { hashes, sum }
}

/** @param hashes of what was looked at; undefined: the run before this one did, and the file is the same */
async function write(job: Job, run: Run, statePath: string, hashes: string[] | undefined): Promise<void> {
  const { call, file, path, progress } = job
  const writing = progress.begin('writing, rows', file.rows)
  const sum = { created: 0, changed: 0, unchanged: 0 }
  let written = 0
  const chunks = chunksOf(path, run.chunkRows)
  for await (const chunk of chunks) {
    if (hashes !== undefined && hashes[chunk.number] !== chunk.hash) {
      throw new CliProblem(`${path} was changed while it was imported; ${count(written)} rows are written`, 'partly')
    }
    const key = createHash('sha256').update(`${run.id} ${file.hash} ${chunk.number}`).digest('hex')
    const answer = await orCutOff(job, written, orRefusal(chunk, send(job, chunk, {}, key)))
    if ('refusal' in answer) {
      const rest = await setAside(path, chunk, chunks)
      await endRun(statePath)
      throw new CliProblem(
        `${count(written)} of ${count(file.rows)} rows are written; something has changed since they were looked at. Those that are not written are in ${rest}: mend them, and import that file`,
        'partly',
        { errors: inFile(path, answer.problems) },
      )
    }
    add(sum, answer)
    written += chunk.rows
    writing.tick(chunk.rows)
  }
  writing.end()
  await endRun(statePath)
  await call.out.say(sum, inWords(file, sum))
}

function add(sum: Outcome, { created, changed, unchanged }: Outcome): void {
  sum.created += created
  sum.changed += changed
  sum.unchanged += unchanged
}

function inWords({ kind, rows }: Survey, { created, changed, unchanged }: Outcome): string {
  const made = kind === 'products' ? `${count(created)} made, ` : ''
  return `${count(rows)} rows of ${kind}: ${made}${count(changed)} changed, ${count(unchanged)} as they were.`
}

async function send(
  { call, file, said }: Job,
  chunk: Chunk,
  look: { validateOnly?: boolean; assumed?: readonly string[] },
  idempotencyKey?: string,
): Promise<Outcome> {
  const { client } = call
  const options = { timeoutMs, ...(idempotencyKey !== undefined && { idempotencyKey }) }
  if (file.kind === 'products') return client.importProducts({ file: chunk.csv, ...look }, options)
  return { created: 0, ...(await client.importStock({ file: chunk.csv, validateOnly: look.validateOnly, ...said }, options)) }
}

/** Rows that are wrong, by the lines of the file. */
interface RowsRefused {
  refusal: HoldfastApiError
  problems: CellProblem[]
}

/** @throws what is no refusal of rows */
async function orRefusal(chunk: Chunk, sent: Promise<Outcome>): Promise<Outcome | RowsRefused> {
  try {
    return await sent
  } catch (error) {
    if (!(error instanceof HoldfastApiError)) throw error
    const problems = error.problem.errors.flatMap(({ field, message }): CellProblem[] => {
      const [, line, column = ''] = /^line (\d+)(?:, (\w+))?$/.exec(field) ?? []
      return line === undefined ? [] : [{ line: chunk.lineOf(Number(line)), column, message }]
    })
    if (problems.length === 0) throw error
    return { refusal: error, problems }
  }
}

/** What is no refusal of rows may be over when the command is run again. */
async function orCutOff<Answer>({ file }: Job, written: number, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    const { problem } = failureOf(error instanceof OutcomeUnknown ? error.cause : error)
    const done = `${count(written)} of ${count(file.rows)} rows are written`
    throw new CliProblem(`${done}, then: ${problem.detail}. Run the same command again, and it goes on`, 'partly', {
      cause: error,
    })
  }
}

/** This chunk and those after it, in a file of their own. */
async function setAside(path: string, refused: Chunk, others: AsyncGenerator<Chunk>): Promise<string> {
  const rest = `${path}.rest.csv`
  const file = await open(rest, 'w')
  try {
    await file.write(refused.csv)
    // Each with the header, which has no line ends in it.
    for await (const { csv } of others) await file.write(csv.slice(csv.indexOf('\n') + 1))
  } finally {
    await file.close()
  }
  return rest
}

const count = (rows: number): string => rows.toLocaleString('en-GB')
