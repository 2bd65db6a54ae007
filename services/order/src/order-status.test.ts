import { isStatus, mayMove, type Mover, type Status, statuses } from './order-status'

const movers: Mover[] = ['payment', 'cancel', 'admin']

const legal = [
  'PENDING CONFIRMED payment',
  'PENDING CANCELLED cancel',
  'CONFIRMED PROCESSING admin',
  'CONFIRMED CANCELLED cancel',
  'PROCESSING SHIPPED admin',
  'SHIPPED DELIVERED admin',
]

const everyMove = statuses.flatMap((from) =>
  statuses.flatMap((to) => movers.map((by): [Status, Status, Mover] => [from, to, by])),
)

test.each(everyMove)('%s to %s by %s is possible only if the table has it', (from, to, by) => {
  expect(mayMove(from, to, by)).toBe(legal.includes(`${from} ${to} ${by}`))
})

test('every status is in the table, and nothing else is a status', () => {
  expect(statuses).toEqual(['PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED'])
  expect(isStatus('STATUS_UNSPECIFIED')).toBe(false)
  expect(isStatus('UNRECOGNIZED')).toBe(false)
})

test('what is delivered or cancelled stays so', () => {
  const ends = everyMove.filter(([from]) => from === 'DELIVERED' || from === 'CANCELLED')
  expect(ends.some(([from, to, by]) => mayMove(from, to, by))).toBe(false)
})
