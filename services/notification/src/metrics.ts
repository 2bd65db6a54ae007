import { type Database, gauge, readAtScrape } from '@holdfast/service'

const waiting = gauge('webhook_deliveries_waiting', 'Deliveries that wait for endpoints that are not paused, counted to 100,000')
const oldest = gauge('webhook_oldest_seconds', 'How long the first of them has waited')
const paused = gauge(
  'webhook_endpoints_paused',
  'Endpoints that are paused: as an admin asked, or because their receiver is dead',
  ['reason'],
)
const reasons = ['ASKED', 'FAILING', 'GONE'] as const

/** @returns ends it */
export function showQueues({ pool }: Database): () => void {
  return readAtScrape('webhooks', async () => {
    const { rows } = await pool.query<{ waiting: number; oldest: number; paused: string[] }>(`
      select (select count(*)::integer from (
                select from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id and e.status = 'ACTIVE'
                where d.status = 'PENDING' limit 100000) as counted) as waiting,
             coalesce((
               select max(extract(epoch from clock_timestamp() - head.created_at)) from webhook_endpoints e
               cross join lateral (
                 select created_at from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'PENDING' order by id limit 1) as head
               where e.status = 'ACTIVE'), 0)::float8 as oldest,
             array(select pause_reason from webhook_endpoints where status = 'PAUSED') as paused`)
    const [row] = rows
    if (row === undefined) return []
    return [
      { gauge: waiting, value: row.waiting },
      { gauge: oldest, value: Math.max(0, row.oldest) },
      ...reasons.map((reason) => ({
        gauge: paused,
        labels: { reason: reason.toLowerCase() },
        value: row.paused.filter((one) => one === reason).length,
      })),
    ]
  })
}
