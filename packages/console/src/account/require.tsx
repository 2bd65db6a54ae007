import type { ReactNode } from 'react'
import { Redirect, useLocation, useSearch } from 'wouter'

import { useSession } from '../api/use-session.ts'
import { signInFrom } from '../paths.ts'
import { UserIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Loading } from '../ui/states.tsx'

/** Leads whoever is not signed in to where they can, and back here afterwards. */
export function RequireUser({ children }: { children: ReactNode }) {
  const session = useSession()
  const [path] = useLocation()
  const search = useSearch()
  if (session.status === 'unknown') return <Loading what="your session" />
  if (session.status === 'out') return <Redirect to={signInFrom(search === '' ? path : `${path}?${search}`)} replace />
  return children
}

/** The same for whoever runs the shop. The system itself refuses all others, whatever a page shows. */
export function RequireAdmin({ children }: { children: ReactNode }) {
  return (
    <RequireUser>
      <AdminOnly>{children}</AdminOnly>
    </RequireUser>
  )
}

function AdminOnly({ children }: { children: ReactNode }) {
  const session = useSession()
  if (session.status === 'in' && session.user.role === 'ADMIN') return children
  return (
    <Page title="For operators">
      <Empty icon={<UserIcon />} title="Your account does not run this shop">
        Sign in as an administrator to see these pages.
      </Empty>
    </Page>
  )
}
