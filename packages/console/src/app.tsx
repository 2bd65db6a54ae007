import { lazy, Suspense } from 'react'
import { Route, Switch } from 'wouter'

import { RegisterPage } from './account/register.tsx'
import { RequireAdmin, RequireUser } from './account/require.tsx'
import { SignInPage } from './account/sign-in.tsx'
import { Shell } from './layout/shell.tsx'
import { NotFoundPage } from './not-found.tsx'
import { CataloguePage } from './shop/catalogue.tsx'
import { Loading } from './ui/states.tsx'

const ProductPage = lazy(async () => import('./shop/product.tsx'))
const BasketPage = lazy(async () => import('./shop/basket-page.tsx'))
const OwnPages = lazy(async () => import('./shop/own-pages.tsx'))
const OperatorPages = lazy(async () => import('./operator/pages.tsx'))
const FlashSalePage = lazy(async () => import('./demo/page.tsx'))

/** Every page of the console. Those of the first visit come with the program, others when they are first opened. */
export function App() {
  return (
    <Shell>
      <Suspense fallback={<Loading what="the page" />}>
        <Switch>
          <Route path="/" component={CataloguePage} />
          <Route path="/shop/products/:sku">{({ sku }) => <ProductPage key={sku} sku={decodeURIComponent(sku)} />}</Route>
          <Route path="/shop/basket" component={BasketPage} />
          <Route path="/shop/*">
            <RequireUser>
              <OwnPages />
            </RequireUser>
          </Route>
          <Route path="/account/sign-in" component={SignInPage} />
          <Route path="/account/register" component={RegisterPage} />
          <Route path="/operator/*?">
            <RequireAdmin>
              <OperatorPages />
            </RequireAdmin>
          </Route>
          <Route path="/demo">
            <RequireAdmin>
              <FlashSalePage />
            </RequireAdmin>
          </Route>
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </Shell>
  )
}
