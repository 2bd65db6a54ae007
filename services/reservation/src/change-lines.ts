/** Other quantities in a reservation that goes on: inventory decides under the hold's lock, the record takes over its answer. */
import type { ChangeReservationRequest, ReleaseReservationRequest } from '@holdfast/contracts/reservation'
import { type CallContext, checkUuid, faultPoint, fingerprint, HoldfastError, operationId } from '@holdfast/service'

import { adoptAnswer } from './change'
import { get } from './get'
import { type Operation, operationOf, wasDone } from './operation'
import type { Parts } from './parts'
import type { ReservationRow } from './reservation'
import { checkChanges, checkPart, inWordsOfRequest, type WantedLine } from './wanted'

interface Changed {
  row: ReservationRow
  replayed: boolean
}

/** That no lines ever have: only what was done before is answered. */
const noVersion = 2_147_483_647

/** Sets quantities. @throws INSUFFICIENT_STOCK, PAYMENT_IN_PROGRESS, PRECONDITION_FAILED; then all is as it was */
export async function changeLines(parts: Parts, request: ChangeReservationRequest, ctx: CallContext): Promise<Changed> {
  const id = checkUuid('id', request.id)
  const lines = checkChanges(request.lines, parts.limits)
  const { expectedVersion } = request
  const content = [id, contentOf(lines)]
  const operation = operationOf(ctx, 'change', request.clientToken, content) ?? changeOfVersion(ctx, content, expectedVersion)
  const row = await get(parts, id, ctx)
  if (await wasDone(parts.database.pool, operation)) return { row, replayed: true }
  if (expectedVersion === undefined) return ask(parts, row, { lines, giveBack: false, linesVersion: 0, operation }, ctx)
  const expected = row.version === expectedVersion
  try {
    // This very change may have been made before, which is what the record has gone on by: inventory knows.
    return await ask(
      parts,
      row,
      { lines, giveBack: false, linesVersion: expected ? row.linesVersion : noVersion, operation },
      ctx,
    )
  } catch (error) {
    // The record was behind: what it was seen as is not what it is.
    throw error instanceof HoldfastError && error.code === 'CONFLICT' ? notExpected(expected ? undefined : row.version) : error
  }
}

/** Without a key the version is as good as one: no other change is meant for it, and none brings it back. */
function changeOfVersion(ctx: CallContext, content: unknown[], version: number | undefined): Operation | undefined {
  if (version === undefined) return undefined
  const print = fingerprint([...content, version])
  return { id: operationId(ctx.actor.id, 'change-of-version', print), fingerprint: print }
}

/** Gives units back; repeatable by its key. All of them: that is a cancel. */
export async function releaseLines(parts: Parts, request: ReleaseReservationRequest, ctx: CallContext): Promise<Changed> {
  const id = checkUuid('id', request.id)
  const lines = checkPart(request.lines, parts.limits)
  const operation = operationOf(ctx, 'release', request.clientToken, [id, contentOf(lines)])
  const row = await get(parts, id, ctx)
  if (await wasDone(parts.database.pool, operation)) return { row, replayed: true }
  return ask(parts, row, { lines, giveBack: true, linesVersion: 0, operation }, ctx)
}

interface Asked {
  lines: WantedLine[]
  giveBack: boolean
  /** That is meant; 0: whatever it is. */
  linesVersion: number
  operation: Operation | undefined
}

/** What the record reads as is not asked: inventory knows whether there is still time, and whether this very change was made before. */
async function ask(parts: Parts, row: ReservationRow, asked: Asked, ctx: CallContext): Promise<Changed> {
  const { lines, giveBack, linesVersion, operation } = asked
  const answer = await parts.holds.change(
    {
      id: row.id,
      lines: lines.map(({ sku, warehouse, quantity }) => ({ sku, warehouse, quantity })),
      giveBack,
      linesVersion,
      operationId: operation?.id ?? '',
      fingerprint: operation?.fingerprint ?? '',
    },
    ctx,
  )
  await faultPoint('reservation.changed')
  try {
    const adopted = await adoptAnswer(parts, row, answer, ctx, operation)
    return { row: adopted.row, replayed: answer.replayed }
  } catch (error) {
    throw inWordsOfRequest(error, { lines })
  }
}

function contentOf(lines: WantedLine[]): unknown[] {
  return lines.map(({ sku, warehouse, quantity }) => [sku, warehouse, quantity])
}

function notExpected(version: number | undefined): HoldfastError {
  const now = version === undefined ? '' : `: it has version ${version}`
  return new HoldfastError('PRECONDITION_FAILED', `The reservation was changed meanwhile${now}`)
}
