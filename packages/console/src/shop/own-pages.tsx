import type { User } from '@holdfast/client'
import { Route, Switch } from 'wouter'

import { useSession } from '../api/use-session.ts'
import { NotFoundPage } from '../not-found.tsx'
import { OrderPage } from './order.tsx'
import { OrdersPage } from './orders.tsx'
import { ReservationPage } from './reservation.tsx'
import { ReservationsPage } from './reservations.tsx'
import { WaitlistPage } from './waitlist.tsx'

/** What is somebody's own; loaded when the first of it is opened. Within `RequireUser`. */
export default function OwnPages() {
  const session = useSession()
  return session.status === 'in' ? <Pages user={session.user} /> : null
}

function Pages({ user }: { user: User }) {
  return (
    <Switch>
      <Route path="/shop/reservations">
        <ReservationsPage user={user} />
      </Route>
      <Route path="/shop/reservations/:id">{({ id }) => <ReservationPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/shop/orders">
        <OrdersPage user={user} />
      </Route>
      <Route path="/shop/orders/:id">{({ id }) => <OrderPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/shop/waitlist">
        <WaitlistPage user={user} />
      </Route>
      <Route component={NotFoundPage} />
    </Switch>
  )
}
