import { queryOptions } from '@tanstack/react-query'

import { api } from '../api/client.ts'

/** The newest first. A system without the room answers that there is nothing here. */
export const sales = queryOptions({
  queryKey: ['demo', 'sales'],
  queryFn: async ({ signal }) => (await api.listSales({}, { signal })).sales,
  staleTime: Infinity,
})
