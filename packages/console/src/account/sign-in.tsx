import { HoldfastApiError } from '@holdfast/client'
import { Alert, Anchor } from '@mantine/core'
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
      refusal={(error) => (isWrong(error) ? <WrongCredentials requestId={error.requestId} /> : undefined)}
    >
      No account yet?{' '}
      <Anchor component={Link} href={search === '' ? paths.register : `${paths.register}?${search}`} inherit underline="always">
        Make one
      </Anchor>
    </AccountForm>
  )
}

function isWrong(error: Error): error is HoldfastApiError {
  return error instanceof HoldfastApiError && error.status === 401
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
