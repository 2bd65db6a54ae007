import { Link, useLocation } from 'wouter'

import { useIsAdmin } from '../api/use-session.ts'
import { paths } from '../paths.ts'
import { BellIcon, ClockIcon, GaugeIcon, ReceiptIcon, ShelfIcon } from '../ui/icons.tsx'
import { AccountMenu } from './account-menu.tsx'
import { BasketLink } from './basket-link.tsx'
import { HeldChip } from './held-chip.tsx'
import { OfferNotices } from './offer-notices.tsx'
import { SchemeToggle } from './scheme-toggle.tsx'
import { Wordmark } from './wordmark.tsx'
import classes from './header.module.css'

const shopLinks = [
  { to: paths.catalogue, text: 'Catalogue', Icon: ShelfIcon },
  { to: paths.reservations, text: 'Reservations', Icon: ClockIcon },
  { to: paths.orders, text: 'Orders', Icon: ReceiptIcon },
  { to: paths.waitlist, text: 'Waitlist', Icon: BellIcon },
]
const operatorLink = { to: paths.operator, text: 'Operator', Icon: GaugeIcon }

export function Header() {
  const isAdmin = useIsAdmin()
  const [path] = useLocation()
  const links = isAdmin ? [...shopLinks, operatorLink] : shopLinks
  return (
    <header className={classes.header}>
      <div className={classes.row}>
        <Link href={paths.catalogue} className={classes.home} aria-label="Holdfast, to the catalogue">
          <Wordmark />
        </Link>
        <nav className={classes.nav} aria-label="Pages">
          {links.map(({ to, text, Icon }) => (
            <Link key={to} href={to} className={classes.link} aria-current={isWithin(path, to) ? 'page' : undefined}>
              <Icon size={18} />
              {text}
            </Link>
          ))}
        </nav>
        <div className={classes.tools}>
          <OfferNotices />
          <HeldChip />
          <BasketLink />
          <SchemeToggle />
          <AccountMenu />
        </div>
      </div>
    </header>
  )
}

/** Products belong to the catalogue. */
function isWithin(path: string, to: string): boolean {
  return to === paths.catalogue ? path === to || path.startsWith('/shop/products') : path.startsWith(to)
}
