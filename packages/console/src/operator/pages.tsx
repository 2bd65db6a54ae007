import { Route, Switch } from 'wouter'

import { NotFoundPage } from '../not-found.tsx'
import { OverviewPage } from './overview.tsx'

/** The pages of whoever runs the shop; loaded when the first of them is opened. */
export default function OperatorPages() {
  return (
    <Switch>
      <Route path="/operator" component={OverviewPage} />
      <Route component={NotFoundPage} />
    </Switch>
  )
}
