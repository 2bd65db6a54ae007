/**
 * Where each page is. The gateway answers /, /shop/..., /operator/..., /demo and /account/... with this program, and nothing else: every
 * other address is the API's (services/gateway/src/console.ts).
 */
export const paths = {
  catalogue: '/',
  product: (sku: string) => `/shop/products/${encodeURIComponent(sku)}`,
  basket: '/shop/basket',
  reservations: '/shop/reservations',
  reservation: (id: string) => `/shop/reservations/${encodeURIComponent(id)}`,
  orders: '/shop/orders',
  order: (id: string) => `/shop/orders/${encodeURIComponent(id)}`,
  waitlist: '/shop/waitlist',
  signIn: '/account/sign-in',
  register: '/account/register',
  operator: '/operator',
  stock: '/operator/stock',
  stockOf: (sku: string) => `/operator/stock/${encodeURIComponent(sku)}`,
  shipments: '/operator/shipments',
  allReservations: '/operator/reservations',
  allOrders: '/operator/orders',
  allWaiting: '/operator/waitlist',
  users: '/operator/users',
  audit: '/operator/audit',
  books: '/operator/books',
  flashSale: '/demo',
}

/** Where to sign in, and to come back to afterwards. */
export function signInFrom(here: string): string {
  return `${paths.signIn}?next=${encodeURIComponent(here)}`
}

/** What `next` leads to: a page of ours, wherever it came from. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? paths.catalogue
  return /^\/(?![/\\])/.test(next) ? next : paths.catalogue
}
