import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent, ReactNode } from 'react'
import { Redirect, useSearch } from 'wouter'

import { fieldProblem } from '../api/error-words.ts'
import { useSession } from '../api/use-session.ts'
import { nextPage } from '../paths.ts'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import classes from './account-form.module.css'

export interface AccountFormProps {
  title: string
  lead: string
  button: string
  /** Tells a password manager whether to fill in or to make up one. */
  passwordKind: 'current-password' | 'new-password'
  passwordHint?: string
  send: (email: string, password: string) => Promise<void>
  /** What a refusal for the whole form looks like; undefined: in the usual words. */
  refusal?: (error: Error) => ReactNode
  children: ReactNode
}

/** E-mail address and password; afterwards it is the page that somebody came from. */
export function AccountForm({ title, lead, button, passwordKind, passwordHint, send, refusal, children }: AccountFormProps) {
  const session = useSession()
  const next = nextPage(useSearch())
  const { mutate, isPending, error } = useMutation({
    mutationFn: async ({ email, password }: { email: string; password: string }) => send(email, password),
  })
  if (session.status === 'in') return <Redirect to={next} replace />
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    mutate({ email: textOf(form, 'email'), password: textOf(form, 'password') })
  }
  const [emailProblem, passwordProblem] = [fieldProblem(error, 'email'), fieldProblem(error, 'password')]
  const isOfFields = emailProblem !== undefined || passwordProblem !== undefined
  return (
    <div className={classes.card}>
      <Page title={title} lead={lead}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              name="email"
              type="email"
              label="E-mail address"
              autoComplete="username"
              required
              withAsterisk={false}
              error={emailProblem}
              size="md"
            />
            <PasswordInput
              name="password"
              label="Password"
              description={passwordHint}
              autoComplete={passwordKind}
              required
              withAsterisk={false}
              error={passwordProblem}
              size="md"
            />
            {error !== null && !isOfFields && (refusal?.(error) ?? <ProblemNote error={error} />)}
            <Button type="submit" size="md" loading={isPending}>
              {button}
            </Button>
          </Stack>
        </form>
        <div className={classes.more}>{children}</div>
      </Page>
    </div>
  )
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
