/** What a create asks for, checked and in its one form. No I/O here. */
import {
  type CreateReservationRequest,
  CreateReservationRequest_Split as Split,
  type LineChange,
  type LineRequest,
} from '@holdfast/contracts/reservation'
import { type FieldProblem, fingerprint, HoldfastError } from '@holdfast/service'

export interface Limits {
  /** Seconds, each. */
  ttlDefault: number
  ttlMin: number
  ttlMax: number
  /** Most lines of a request. */
  maxLines: number
}

export interface WantedLine {
  sku: string
  /** '' for one that fits. */
  warehouse: string
  quantity: number
  /** Place of its first mention in the request, for errors. */
  index: number
}

export type Choice = Pick<CreateReservationRequest, 'channel' | 'allowSplit' | 'splitBy'>

export interface Wanted {
  /** By SKU and warehouse, each once. */
  lines: WantedLine[]
  /** Where lines that name no warehouse may come from. */
  choice: Choice
  ttlSeconds: number
  /** The same for requests that ask for the same, whatever their order and spelling. */
  fingerprint: string
}

const mostUnits = 1_000_000
const mostProblems = 20
// Matched before it is upper-cased: some letters beyond ASCII become ASCII by that.
const skuPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const warehousePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/

/** @throws INVALID_ARGUMENT that names every field at fault (the first 20) */
export function checkWanted(
  request: Pick<CreateReservationRequest, 'lines' | 'ttlSeconds' | keyof Choice>,
  limits: Limits,
): Wanted {
  const problems: FieldProblem[] = []
  const { ttlMin, ttlMax, ttlDefault, maxLines } = limits
  const ttlSeconds = request.ttlSeconds ?? ttlDefault
  if (!isWhole(ttlSeconds, ttlMin, ttlMax)) problems.push({ field: 'ttlSeconds', message: `must be from ${ttlMin} to ${ttlMax}` })
  if (request.lines.length < 1 || request.lines.length > maxLines) {
    problems.push({ field: 'lines', message: `must be 1 to ${maxLines} lines` })
  } else {
    request.lines.forEach((line, index) => problems.push(...lineProblems(line, `lines[${index}]`)))
  }
  const choice = checkChoice(request, problems)
  const lines = problems.length === 0 ? sumLines(request.lines) : []
  for (const line of lines) {
    if (line.quantity <= mostUnits) continue
    problems.push({ field: `lines[${line.index}].quantity`, message: `the units of ${line.sku} come to more than ${mostUnits}` })
  }
  refuse(problems)
  return { lines, choice, ttlSeconds, fingerprint: fingerprintOf(lines, request.ttlSeconds, choice) }
}

/** Units of some lines, 1 or more of each; lines of one SKU and warehouse are summed. @throws INVALID_ARGUMENT */
export function checkPart(lines: LineRequest[], { maxLines }: Limits): WantedLine[] {
  const problems = isWhole(lines.length, 1, maxLines)
    ? lines.flatMap((line, index) => lineProblems(line, `lines[${index}]`))
    : [{ field: 'lines', message: `must be 1 to ${maxLines} lines` }]
  refuse(problems)
  return withoutClash(sumLines(lines))
}

/** The quantities that are wanted in the end, 0 too; each SKU and warehouse once. @throws INVALID_ARGUMENT */
export function checkChanges(lines: LineChange[], { maxLines }: Limits): WantedLine[] {
  if (!isWhole(lines.length, 1, maxLines)) refuse([{ field: 'lines', message: `must be 1 to ${maxLines} lines` }])
  const problems = lines.flatMap(({ sku, warehouse, quantity }, index): FieldProblem[] => {
    const path = `lines[${index}]`
    // A line that says nothing of its quantity must not be taken for one that wants none.
    const units =
      quantity === undefined ? 'is needed' : isWhole(quantity, 0, mostUnits) ? undefined : `must be from 0 to ${mostUnits}`
    const others = lineProblems({ sku, warehouse, quantity: 1 }, path)
    return units === undefined ? others : [...others, { field: `${path}.quantity`, message: units }]
  })
  const wanted = lines.map(({ sku, warehouse, quantity = 0 }) => ({ sku, warehouse, quantity }))
  refuse(problems)
  const summed = sumLines(wanted)
  if (summed.length < wanted.length) refuse([{ field: 'lines', message: 'name the same SKU and warehouse twice' }])
  return withoutClash(summed)
}

/** All of a SKU and some of it in one warehouse can't both be meant. Lines are sorted, so one without a warehouse is the first of its SKU. */
function withoutClash(lines: WantedLine[]): WantedLine[] {
  const clash = lines.find((line, index) => lines[index - 1]?.sku === line.sku && lines[index - 1]?.warehouse === '')
  if (clash !== undefined) refuse([{ field: `lines[${clash.index}].sku`, message: 'is named with a warehouse and without one' }])
  return lines
}

/** Units of one SKU, from some channel's warehouses. @throws INVALID_ARGUMENT */
export function checkOne(sku: string, quantity: number, channel: string): { sku: string; quantity: number; channel: string } {
  const problems = lineProblems({ sku, quantity, warehouse: '' }, '')
  checkChannel(channel, problems)
  refuse(problems)
  return { sku: sku.toUpperCase(), quantity, channel: channel.toUpperCase() }
}

function checkChannel(channel: string, problems: FieldProblem[]): void {
  if (channel === '' || warehousePattern.test(channel)) return
  problems.push({ field: 'channel', message: 'must be 1 to 32 of A-Z 0-9 _ -, beginning with a letter or digit' })
}

/** How it is split counts only where it may be. */
function checkChoice({ channel, allowSplit, splitBy }: Choice, problems: FieldProblem[]): Choice {
  checkChannel(channel, problems)
  if (splitBy === Split.UNRECOGNIZED)
    problems.push({ field: 'splitBy', message: 'must be FEWEST_PARCELS, PRIORITY or MOST_STOCK' })
  const asked = splitBy === Split.SPLIT_UNSPECIFIED ? Split.FEWEST_PARCELS : splitBy
  return { channel: channel.toUpperCase(), allowSplit, splitBy: asked }
}

/** @param path of the line in the request; '': the request itself is one */
function lineProblems({ sku, quantity, warehouse }: LineRequest, path: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  if (!skuPattern.test(sku)) {
    const message = sku === '' ? 'is needed' : 'must be 1 to 64 of A-Z 0-9 . _ -, beginning with a letter or digit'
    problems.push({ field: at('sku'), message })
  }
  if (!isWhole(quantity, 1, mostUnits)) problems.push({ field: at('quantity'), message: `must be from 1 to ${mostUnits}` })
  if (warehouse !== '' && !warehousePattern.test(warehouse)) {
    problems.push({ field: at('warehouse'), message: 'must be 1 to 32 of A-Z 0-9 _ -, beginning with a letter or digit' })
  }
  return problems
}

/** The same SKU of the same warehouse is one line with the sum; lines stand in the order that stock is locked in. */
function sumLines(requested: LineRequest[]): WantedLine[] {
  const lines = new Map<string, WantedLine>()
  requested.forEach((line, index) => {
    const sku = line.sku.toUpperCase()
    const warehouse = line.warehouse.toUpperCase()
    const key = `${sku}/${warehouse}`
    const known = lines.get(key)
    if (known === undefined) lines.set(key, { sku, warehouse, quantity: line.quantity, index })
    else known.quantity += line.quantity
  })
  return [...lines.values()].sort((a, b) => compare(a.sku, b.sku) || compare(a.warehouse, b.warehouse))
}

/** The lifetime counts as it was asked for: a default that changes later must not make a repeat look like another request. */
function fingerprintOf(lines: WantedLine[], ttlAsked: number | undefined, { channel, allowSplit, splitBy }: Choice): string {
  const plain = channel === '' && !allowSplit
  return fingerprint([
    lines.map(({ sku, warehouse, quantity }) => [sku, warehouse, quantity]),
    ttlAsked ?? null,
    // What is not asked for leaves the print as it is without.
    ...(plain ? [] : [[channel, allowSplit ? splitBy : '']]),
  ])
}

/** An error that inventory has about a line, in the words of the request: its lines are the summed and sorted ones. */
export function inWordsOfRequest(error: unknown, wanted: Pick<Wanted, 'lines'>): unknown {
  if (!(error instanceof HoldfastError) || error.fields.length === 0) return error
  const fields = error.fields.map(({ field, message }) => ({
    field: field.replace(/^lines\[(\d+)\]/, (path, place: string) => {
      const line = wanted.lines[Number(place)]
      return line === undefined ? path : `lines[${line.index}]`
    }),
    message,
  }))
  return new HoldfastError(error.code, error.message, { fields, retryAfterMs: error.retryAfterMs, cause: error.cause })
}

function refuse(problems: FieldProblem[]): void {
  const [first] = problems
  if (first === undefined) return
  throw new HoldfastError('INVALID_ARGUMENT', `${first.field}: ${first.message}`, { fields: problems.slice(0, mostProblems) })
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
