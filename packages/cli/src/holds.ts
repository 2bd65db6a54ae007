import { Api } from './api'
import { renderTable } from './report'
import type { Settings } from './settings'

export interface HoldsFilter {
  warehouse?: string
  state?: 'LIVE' | 'LAPSED'
  json?: boolean
}

const pageSize = 1_000

/**
 * Who holds units of a product, whose time is up first in front. Nothing is kept in memory but a page: as a table, whose columns are as wide as
 * each page needs, or a line of JSON for each hold.
 * @param write gets the text of a page at a time, and is waited for
 * @param say gets what is said about them
 */
export async function listHolds(
  { url, admin }: Settings,
  sku: string,
  { warehouse, state, json = false }: HoldsFilter,
  write: (text: string) => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  const api = new Api(url, say)
  const client = await api.logIn(admin)
  let [holding, units] = [0, 0]
  for (let pageToken = ''; ;) {
    const asked = { sku, warehouse, state, pageSize, pageToken }
    const { holds, nextPageToken } = await api.must(`read who holds ${sku}`, client.listProductHolds(asked))
    if (json) await write(holds.map((hold) => `${JSON.stringify(hold)}\n`).join(''))
    else if (holds.length > 0) {
      const head = ['state', 'time left', 'age', 'units', 'warehouse', 'user', 'reservation', '']
      const rows = holds.map((hold) => [
        hold.state,
        inWords(hold.secondsLeft),
        inWords(hold.ageSeconds),
        String(hold.quantity),
        hold.warehouse,
        hold.userId,
        hold.holdId,
        hold.protected ? 'payment under way' : '',
      ])
      await write(`${renderTable(head, rows)}\n`)
    }
    holding += holds.length
    units += holds.reduce((sum, { quantity }) => sum + quantity, 0)
    if (nextPageToken === '') break
    pageToken = nextPageToken
  }
  say(holding === 0 ? `Nobody holds ${sku}.` : `holds: ${holding}, units: ${units}`)
}

/** As `1h 02m 03s`; with a minus where the time is past. */
function inWords(seconds: number): string {
  const whole = Math.abs(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60]
  const words = hours > 0 ? `${hours}h ${two(minutes)}m ` : minutes > 0 ? `${minutes}m ` : ''
  return `${seconds < 0 ? '-' : ''}${words}${words === '' ? whole : two(whole % 60)}s`
}
