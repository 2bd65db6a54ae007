import { Route, Switch } from 'wouter'

import { NotFoundPage } from '../not-found.tsx'
import { paths } from '../paths.ts'
import { AllOrdersPage } from './all-orders.tsx'
import { AllReservationsPage } from './all-reservations.tsx'
import { AuditPage } from './audit.tsx'
import { BooksPage } from './books.tsx'
import { OperatorFrame } from './operator-frame.tsx'
import { OverviewPage } from './overview.tsx'
import { ProductStockPage } from './product-stock.tsx'
import { ShipmentsPage } from './shipments.tsx'
import { StockPage } from './stock.tsx'
import { UsersPage } from './users.tsx'
import { WaitlistPage } from './waitlist.tsx'

/** The pages of whoever runs the shop; loaded when the first of them is opened. */
export default function OperatorPages() {
  return (
    <OperatorFrame>
      <Switch>
        <Route path={paths.operator} component={OverviewPage} />
        <Route path={paths.stock} component={StockPage} />
        <Route path={`${paths.stock}/:sku`}>{({ sku }) => <ProductStockPage key={sku} sku={decodeURIComponent(sku)} />}</Route>
        <Route path={paths.shipments} component={ShipmentsPage} />
        <Route path={paths.allReservations} component={AllReservationsPage} />
        <Route path={paths.allOrders} component={AllOrdersPage} />
        <Route path={paths.allWaiting} component={WaitlistPage} />
        <Route path={paths.users} component={UsersPage} />
        <Route path={paths.audit} component={AuditPage} />
        <Route path={paths.books} component={BooksPage} />
        <Route component={NotFoundPage} />
      </Switch>
    </OperatorFrame>
  )
}
