/** The way to this service's own table, combined: reads by id, new rows and adoptions, a batch at a time. */
import { type CallContext, Combiner, type Database, type Outcome } from '@holdfast/service'

import { type Adopted, adoptAll, type Adoption } from './adopt'
import { createdEvent } from './events'
import type { ReservationRow } from './reservation'
import { findReservations } from './sql/find-reservations'
import { insertReservations } from './sql/insert-reservations'

/** What became of a new row; undefined: its time was over before it could be written, and it was not. */
export type Inserted = { row: ReservationRow; inserted: boolean } | undefined

export interface Records {
  /** ABANDONED ones too. */
  find(id: string, ctx: CallContext): Promise<ReservationRow | undefined>
  /** Writes a new ACTIVE row and its event; answers the row that is there under its id. */
  insert(row: ReservationRow, ctx: CallContext): Promise<Inserted>
  /** @returns undefined: there is no such reservation */
  adopt(adoption: Adoption & { ctx: CallContext }): Promise<Adopted | undefined>
}

interface NewRow {
  row: ReservationRow
  ctx: CallContext
}

const maxItems = 500
const maxQueue = 20_000
/** Order does not matter here, so one batch may be written while another waits for its commit. */
const concurrency = 2

/** @param published called after a commit that wrote events */
export function createRecords(database: Database, published: () => void): Records {
  const limits = { maxItems, maxQueue, concurrency }
  const finds = new Combiner<string, ReservationRow | undefined>({
    name: 'reservation reads',
    run: async (ids) => findAll(database, ids),
    ...limits,
  })
  const inserts = new Combiner<NewRow, Inserted>({
    name: 'new reservations',
    run: async (items) => insertAll(database, items, published),
    ...limits,
    weight: { of: ({ row }) => row.lines.length, max: 2_000 },
  })
  const adoptions = new Combiner<Adoption, Adopted | undefined>({
    name: 'adoptions',
    run: async (items) => {
      const adopted = await adoptAll(database, items)
      if (adopted.some((one) => one?.change !== undefined)) published()
      return adopted.map((value) => ({ value }))
    },
    ...limits,
  })
  return {
    find: async (id, ctx) => finds.submit(id, ctx.deadline),
    insert: async (row, ctx) => inserts.submit({ row, ctx }, ctx.deadline),
    adopt: async (adoption) => adoptions.submit(adoption, adoption.ctx.deadline),
  }
}

async function findAll(database: Database, ids: string[]): Promise<Outcome<ReservationRow | undefined>[]> {
  const rows = await findReservations(database.pool, [...new Set(ids)])
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.map((id) => ({ value: found.get(id) }))
}

/** One statement; an event for each row that was really written, none for a repeat (truth 5). */
async function insertAll(database: Database, items: NewRow[], published: () => void): Promise<Outcome<Inserted>[]> {
  // Repeats that wait side by side: the first of an id is the one that may be written.
  const first = new Map<string, NewRow>()
  for (const item of items) if (!first.has(item.row.id)) first.set(item.row.id, item)
  const wanted = [...first.values()]
  const inserted = await insertReservations(
    database.pool,
    wanted.map(({ row }) => row),
    wanted.map(({ row, ctx }) => createdEvent(row, ctx)),
  )
  if (inserted.size > 0) published()
  // A statement of its own sees what others committed while the insert waited for them.
  const others = [...first.keys()].filter((id) => !inserted.has(id))
  const found = others.length === 0 ? [] : await findReservations(database.pool, others)
  const known = new Map(found.map((row) => [row.id, row]))
  return items.map((item) => {
    const { row } = item
    if (inserted.has(row.id)) return { value: { row: first.get(row.id)?.row ?? row, inserted: first.get(row.id) === item } }
    const other = known.get(row.id)
    return { value: other && { row: other, inserted: false } }
  })
}
