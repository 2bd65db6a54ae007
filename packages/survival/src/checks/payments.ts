import type { Check } from './check'
import { rowsOf } from './queries'

interface Paid {
  order: string
  status: string
  payment: string
  total: number
  /** What the provider has taken and kept, and how often; what it gave back; what it still holds authorized. */
  taken: number
  times: number
  refunded: number
  authorized: number
  /** Attempts that are not over. */
  open: number
}

/** No money without an order or a refund, and no order without its money, once: the order service's rows beside the provider's books. */
export const payments: Check = {
  name: 'payments match orders',
  run: async ({ cluster }) => {
    const orders = await rowsOf<Paid>(
      cluster,
      'order',
      `select o.id as order, o.status, o.payment_status as payment, o.total_minor::int as total,
              coalesce(sum(p.amount_minor) filter (where p.state = 'captured'), 0)::int as taken,
              count(*) filter (where p.state = 'captured')::int as times,
              count(*) filter (where p.state = 'refunded')::int as refunded,
              count(*) filter (where p.state in ('authorized', 'pending'))::int as authorized,
              count(*) filter (where a.ended_at is null and a.id is not null)::int as open
       from orders o left join payment_attempts a on a.order_id = o.id left join simulated_payments p on p.id = a.id
       group by o.id`,
    )
    const strays = await rowsOf<{ id: string; state: string }>(
      cluster,
      'order',
      `select p.id, p.state from simulated_payments p left join payment_attempts a on a.id = p.id where a.id is null`,
    )
    const problems = [
      ...orders.flatMap(wrong),
      ...strays.map(({ id, state }) => `payment ${id} is ${state}, and belongs to no order`),
    ]
    return { looked: `${orders.length} orders`, problems }
  },
}

function wrong({ order, status, payment, total, taken, times, refunded, authorized, open }: Paid): string[] {
  const isPaid = status !== 'PENDING' && status !== 'CANCELLED'
  const expected = isPaid ? { taken: total, times: 1 } : { taken: 0, times: 0 }
  const name = `order ${order} (${status}, ${payment}, ${total})`
  return [
    ...(taken === expected.taken && times === expected.times ? [] : [`${name}: ${taken} were taken in ${times} payments`]),
    ...(payment === 'REFUNDED' && refunded !== 1 ? [`${name}: ${refunded} payments were refunded`] : []),
    ...(authorized === 0 && open === 0 ? [] : [`${name}: ${authorized} payments are authorized, ${open} attempts are open`]),
    ...(status === 'PENDING' ? [`${name}: nobody ended it`] : []),
  ]
}
