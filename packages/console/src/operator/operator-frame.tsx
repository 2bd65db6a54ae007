import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'

import { paths } from '../paths.ts'
import classes from './operator-frame.module.css'

/** The gateway says so in the page: most systems have none. */
const hasFlashSaleRoom = document.querySelector<HTMLMetaElement>('meta[name="flash-sale-room"]')?.content === 'on'

const pages = [
  { to: paths.operator, text: 'Overview' },
  { to: paths.stock, text: 'Stock' },
  { to: paths.shipments, text: 'On the way' },
  { to: paths.allReservations, text: 'Reservations' },
  { to: paths.allOrders, text: 'Orders' },
  { to: paths.allWaiting, text: 'Waitlist' },
  { to: paths.users, text: 'Users' },
  { to: paths.audit, text: 'Audit log' },
  { to: paths.books, text: 'Books' },
  ...(hasFlashSaleRoom ? [{ to: paths.flashSale, text: 'Flash sale' }] : []),
]

/** The pages of the operator beside one another, the one that is open marked. */
export function OperatorFrame({ children }: { children: ReactNode }) {
  const [path] = useLocation()
  const isOpen = (to: string): boolean => (to === paths.operator ? path === to : path.startsWith(to))
  return (
    <>
      <nav className={classes.pages} aria-label="Operator pages">
        {pages.map(({ to, text }) => (
          <Link key={to} href={to} className={classes.link} aria-current={isOpen(to) ? 'page' : undefined}>
            {text}
          </Link>
        ))}
      </nav>
      {children}
    </>
  )
}
