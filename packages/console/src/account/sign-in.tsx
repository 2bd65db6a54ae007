import { HoldfastApiError } from '@holdfast/client'
import { Alert, Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useSearch } from 'wouter'

import { signIn } from '../api/session.ts'
import { useSession } from '../api/use-session.ts'
import { paths } from '../paths.ts'
import { RequestId } from '../ui/problem-note.tsx'
import { AccountForm } from './account-form.tsx'

export function SignInPage() {
  const session = useSession()
  const search = useSearch()
  const hasEnded = session.status === 'out' && session.ended
  return (
    <AccountForm
      title="Sign in"
      lead={
        hasEnded ? 'Your session has ended. Sign in again and go on where you were.' : 'To reserve, pay, and see what is yours.'
      }
      button="Sign in"
      passwordKind="current-password"
      send={signIn}
      refusal={(error) => refusalNote(error)}
    >
      No account yet?{' '}
      <Anchor component={Link} href={search === '' ? paths.register : `${paths.register}?${search}`} inherit underline="always">
        Make one
      </Anchor>
    </AccountForm>
  )
}

/** Undefined: in the usual words. */
function refusalNote(error: Error): ReactNode {
  if (!(error instanceof HoldfastApiError)) return undefined
  if (error.status === 401) return <WrongCredentials requestId={error.requestId} />
  return error.status === 404 ? <OtherIssuer /> : undefined
}

/** `LOCAL_USERS=off`: this address is not there. */
function OtherIssuer() {
  return (
    <Alert role="alert" color="ember" title="Nobody signs in here">
      Accounts of this shop are those of another system, and this page has no way in for them. The API takes their tokens.
    </Alert>
  )
}

/** Elsewhere the code means that a session is over; here nobody is signed in yet. */
function WrongCredentials({ requestId }: { requestId: string }) {
  return (
    <Alert role="alert" color="ember" title="That did not match">
      The e-mail address or the password is wrong.
      <RequestId id={requestId} />
    </Alert>
  )
}
