import { Anchor } from '@mantine/core'
import { Link, useSearch } from 'wouter'

import { register } from '../api/session.ts'
import { paths } from '../paths.ts'
import { AccountForm } from './account-form.tsx'

export function RegisterPage() {
  const search = useSearch()
  return (
    <AccountForm
      title="Make an account"
      lead="An address and a password, nothing else."
      button="Make the account"
      passwordKind="new-password"
      passwordHint="Ten characters or more; a sentence is good. Not one that everybody tries."
      send={register}
    >
      Have one already?{' '}
      <Anchor component={Link} href={search === '' ? paths.signIn : `${paths.signIn}?${search}`} inherit underline="always">
        Sign in
      </Anchor>
    </AccountForm>
  )
}
