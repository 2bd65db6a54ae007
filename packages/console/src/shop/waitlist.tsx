import type { User, WaitlistEntry } from '@holdfast/client'
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { waitlist } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { BellIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { whenText } from './texts.ts'
import { UserList } from './user-list.tsx'
import { WaitlistAction, WaitlistState } from './waitlist-entry.tsx'
import classes from './user-list.module.css'

export function WaitlistPage({ user }: { user: User }) {
  return (
    <Page title="Your waitlist" lead="When units come back, the first in line has them held, and a few minutes to decide.">
      <UserList
        what="your waitlist"
        query={useInfiniteQuery(waitlist(user.id))}
        rowsOf={(page) => page.entries}
        empty={
          <Empty
            icon={<BellIcon />}
            title="You are not waiting for anything"
            action={
              <Button component={Link} href={paths.catalogue}>
                To the catalogue
              </Button>
            }
          >
            On the page of a product that is sold out you can join its line.
          </Empty>
        }
      >
        {(entry) => <Row entry={entry} />}
      </UserList>
    </Page>
  )
}

function Row({ entry }: { entry: WaitlistEntry }) {
  return (
    <>
      <Link href={paths.product(entry.sku)} className={classes.link}>
        {entry.quantity} × {entry.sku}
      </Link>
      <span className={classes.detail}>{whenText(entry.createdAt)}</span>
      <WaitlistState entry={entry} />
      {/* Above the link, whose box is the whole row. */}
      <span className={classes.action}>
        <WaitlistAction entry={entry} />
      </span>
    </>
  )
}
