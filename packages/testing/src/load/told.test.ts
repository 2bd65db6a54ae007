import { noteCancelled, notePaid, noteReserved, nothingTold, type Told } from './told'

/** With as much of a body as is looked at. */
const reply = (status: number, body: unknown) => ({ status, headers: new Headers(), body: body as never })
const refusal = (status: number, code: string) => reply(status, { code })

let told: Told
beforeEach(() => {
  told = nothingTold()
  for (const id of ['a', 'b', 'c']) noteReserved(told, 'SKU', reply(201, { reservation: { id } }))
})

test('what was told is kept: left alone, cancelled, or paid', () => {
  noteCancelled(told, 'b', reply(200, {}))
  notePaid(told, 'c', reply(200, { order: { id: 'order', status: 'CONFIRMED' } }))
  expect(Object.fromEntries(told.reservations)).toEqual({
    a: { status: 'ACTIVE', sku: 'SKU' },
    b: { status: 'CANCELLED', sku: 'SKU' },
    c: { status: 'COMMITTED', sku: 'SKU' },
  })
  expect(Object.fromEntries(told.orders)).toEqual({ order: 'c' })
  expect(told.problems).toEqual([])
})

test('what nobody heard an answer of, and a payment that was given up, may have become either', () => {
  noteCancelled(told, 'a', undefined)
  notePaid(told, 'b', undefined)
  notePaid(told, 'c', refusal(402, 'PAYMENT_DECLINED'))
  expect(told).toMatchObject({ reservations: new Map(), problems: [] })
})

test('an acknowledged reservation that is not there, or over too early, is a problem', () => {
  noteCancelled(told, 'a', refusal(404, 'NOT_FOUND'))
  notePaid(told, 'b', refusal(404, 'NOT_FOUND'))
  notePaid(told, 'c', refusal(409, 'RESERVATION_EXPIRED'))
  expect(told.problems).toEqual([
    'cancel of a was answered by 404 {"code":"NOT_FOUND"}',
    'checkout of b was answered by 404 {"code":"NOT_FOUND"}',
    'checkout of c was answered by 409 {"code":"RESERVATION_EXPIRED"}',
  ])
})

test('nothing is promised to who is refused for want of stock; another refusal to reserve is a problem', () => {
  expect(noteReserved(told, 'SKU', refusal(409, 'INSUFFICIENT_STOCK'))).toBeUndefined()
  expect(told.problems).toEqual([])
  noteReserved(told, 'SKU', refusal(404, 'NOT_FOUND'))
  expect(told.problems).toEqual(['reserve of SKU was answered by 404 {"code":"NOT_FOUND"}'])
})
