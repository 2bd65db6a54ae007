import type { Reservation } from '@holdfast/client'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { api } from '../api/client.ts'
import { wordsFor } from '../api/error-words.ts'
import { order as orderQuery } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { moneyText, totalOf } from '../ui/money.ts'
import { chosenLines, isWhole, type Part, PartChooser } from './part-chooser.tsx'
import { PayPanel } from './pay-panel.tsx'

/** Pays for what is held, or for a part of it, which becomes a reservation of its own with that. */
export function PayHeld({ reservation: { id, userId, lines } }: { reservation: Reservation }) {
  const queries = useQueryClient()
  const [, go] = useLocation()
  const [part, setPart] = useState<Part>()
  const chosen = chosenLines(lines, part)
  const isAll = isWhole(lines, chosen)
  const checkOut = async (paymentToken: string): Promise<void> => {
    const units = chosen.map(({ sku, warehouse, quantity }) => ({ sku, warehouse, quantity }))
    const known = isAll ? [] : await partsOf(id, userId)
    try {
      const { order } = await api.checkout({ reservationId: id, paymentToken, ...(!isAll && { lines: units }) })
      if (order === undefined) return
      queries.setQueryData(orderQuery(order.id).queryKey, order)
      go(paths.order(order.id))
    } catch (error) {
      const split = isAll ? undefined : (await partsOf(id, userId).catch(() => [])).find((one) => !known.includes(one))
      if (split === undefined) throw error
      goToPart(split, error)
    } finally {
      // Whatever became of it, something may have.
      void queries.invalidateQueries({ queryKey: ['reservations'] })
      void queries.invalidateQueries({ queryKey: ['orders', 'list'] })
    }
  }
  /** The part was split off, and not paid: its own page is where that is tried again. */
  const goToPart = (partId: string, error: unknown): void => {
    const { title, text, requestId } = wordsFor(error)
    notifications.show({
      id: partId,
      color: 'ember',
      title,
      message: `${text} What you meant to pay for is a reservation of its own now.${requestId === undefined ? '' : ` Request ${requestId}`}`,
      autoClose: false,
      closeButtonProps: { 'aria-label': 'Close' },
    })
    go(paths.reservation(partId))
  }
  return (
    <PayPanel amount={moneyText(totalOf(chosen))} disabled={chosen.length === 0} pay={checkOut}>
      <PartChooser lines={lines} part={part} onChange={setPart} />
    </PayPanel>
  )
}

/** Ids of the newest that were split off it and are still held. */
async function partsOf(id: string, userId: string): Promise<string[]> {
  const { reservations } = await api.listReservations({ userId, status: 'ACTIVE', pageSize: 100 })
  return reservations.filter(({ parentId }) => parentId === id).map((one) => one.id)
}
