import type { Operation } from '../workload/history'
import { isAbout, isAmbiguous } from '../workload/history'
import type { Check } from './check'
import { rowsOf } from './queries'

interface Row {
  id: string
  status: string
  lines: { sku: string; quantity: number }[]
}

/** What was acknowledged is there, and as it was acknowledged. */
export const acknowledged: Check = {
  name: 'what was acknowledged is there',
  run: async ({ history, cluster }) => {
    const reservations = byId(
      await rowsOf<Row>(cluster, 'reservation', `select id, status, lines from reservations where status <> 'ABANDONED'`),
    )
    const orders = await rowsOf<{ id: string; status: string; payment: string }>(
      cluster,
      'order',
      'select id, status, payment_status as payment from orders',
    )
    const ordersById = byId(orders)
    const movements = await rowsOf<{ reference: string; count: number }>(
      cluster,
      'inventory',
      `select reference, count(*)::int as count from
         (select reference from ledger where kind = 'ADJUSTMENT' union all select reference from shipments) moved group by reference`,
    )
    const countOf = new Map(movements.map(({ reference, count }) => [reference, count]))
    const stories = Map.groupBy(
      history.filter(({ call }) => isAbout(call)),
      ({ call }) => (isAbout(call) ? call.hold : ''),
    )
    const problems = [
      ...[...stories].flatMap(([hold, story]) => wrongReservation(hold, story, reservations)),
      ...history.flatMap((operation) => wrongOrder(operation, history, ordersById)),
      ...history.flatMap((operation) => wrongMovement(operation, countOf)),
    ]
    const told = history.filter(({ outcome }) => outcome === 'ok').length
    return { looked: `${told} answers`, problems }
  },
}

/** Each reservation ended as the last that was acknowledged of it says; one that nobody ended has lapsed by now. */
function wrongReservation(hold: string, story: Operation[], reservations: Map<string, Row>): string[] {
  const made = story.find(({ call }) => call.do === 'reserve')
  const id = made?.answer?.id
  if (made?.outcome !== 'ok' || id === undefined) return []
  const row = reservations.get(id)
  if (row === undefined) return [`${hold}: reservation ${id} was acknowledged, and is not there`]
  const expected = expectedStatus(story)
  if (expected !== undefined && row.status !== expected) return [`${hold}: reservation ${id} is ${row.status}, not ${expected}`]
  const units = expectedUnits(story)
  const found = row.lines.map(({ sku, quantity }) => `${quantity} ${sku}`).sort()
  if (units !== undefined && found.join() !== units.join())
    return [`${hold}: reservation ${id} has ${found.join(', ')}, not ${units.join(', ')}`]
  return []
}

/** @returns undefined: a payment may have been taken or not */
function expectedStatus(story: Operation[]): string | undefined {
  if (story.some((one) => one.outcome === 'unknown' || (one.call.do === 'checkOut' && isAmbiguous(one)))) return undefined
  if (story.some(({ call, outcome }) => call.do === 'checkOut' && outcome === 'ok')) return 'COMMITTED'
  if (story.some(({ call, outcome }) => call.do === 'cancel' && outcome === 'ok')) return 'CANCELLED'
  return 'EXPIRED'
}

/** Lines as they were asked for last. @returns undefined: one change may have been done or not */
function expectedUnits(story: Operation[]): string[] | undefined {
  if (story.some((one) => one.outcome === 'unknown' || (one.call.do === 'change' && isAmbiguous(one)))) return undefined
  const units = new Map<string, number>()
  for (const { call, outcome } of story) {
    if (outcome !== 'ok') continue
    if (call.do === 'reserve') for (const line of call.lines) units.set(line.sku, line.quantity)
    if (call.do === 'change') units.set(call.sku, call.quantity)
  }
  return [...units].map(([sku, quantity]) => `${quantity} ${sku}`).sort()
}

function wrongOrder(
  { call, outcome, answer }: Operation,
  history: readonly Operation[],
  orders: Map<string, { status: string; payment: string }>,
): string[] {
  if (call.do !== 'checkOut' || outcome !== 'ok') return []
  const order = orders.get(answer?.id ?? '')
  if (order === undefined) return [`${call.hold}: order ${answer?.id} was acknowledged, and is not there`]
  const cancel = history.find((one) => one.call.do === 'cancelOrder' && one.call.hold === call.hold)
  if (cancel?.outcome === 'unknown') return []
  const expected = cancel?.outcome === 'ok' ? 'CANCELLED, REFUNDED' : 'CONFIRMED, SUCCEEDED'
  const found = `${order.status}, ${order.payment}`
  return found === expected ? [] : [`${call.hold}: order ${answer?.id} is ${found}, not ${expected}`]
}

/** Done once when it was acknowledged, never when it was clearly refused. */
function wrongMovement(operation: Operation, countOf: Map<string, number>): string[] {
  const { id, call, outcome } = operation
  if ((call.do !== 'adjust' && call.do !== 'transfer') || outcome === 'unknown' || isAmbiguous(operation)) return []
  const [count, expected] = [countOf.get(id) ?? 0, outcome === 'ok' ? 1 : 0]
  return count === expected ? [] : [`${id}: ${call.do} was ${outcome}, and was done ${count} times`]
}

function byId<Found extends { id: string }>(rows: Found[]): Map<string, Found> {
  return new Map(rows.map((row) => [row.id, row]))
}
