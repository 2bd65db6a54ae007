import type { Operations } from '@holdfast/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'wouter'

import { api } from '../api/client.ts'
import { reservation as reservationQuery } from '../api/queries.ts'
import { paths } from '../paths.ts'

/** Reserves, and leads to the page of what is held then. @param done before that */
export function useReserve(done?: () => void) {
  const queries = useQueryClient()
  const [, go] = useLocation()
  return useMutation({
    mutationFn: async (request: Operations['createReservation']['request']) => api.createReservation(request),
    onSuccess: ({ reservation }) => {
      if (reservation === undefined) return
      done?.()
      queries.setQueryData(reservationQuery(reservation.id).queryKey, reservation)
      void queries.invalidateQueries({ queryKey: ['reservations', 'list'] })
      go(paths.reservation(reservation.id))
    },
  })
}
