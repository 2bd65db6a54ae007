import type { Peers } from './entries'
import type { Database } from '@holdfast/service'

/** What the check and the repair of the books work with. */
export interface Books {
  database: Database
  /** Undefined: nobody else is asked, and only this service's own books are checked. */
  peers: Peers | undefined
  /** What others have not taken over from a hold so long after it was made or ended counts as a difference, in ms. */
  graceMs: number
  /** Called after a commit that wrote events. */
  published: () => void
}
