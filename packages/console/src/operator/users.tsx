import type { User } from '@holdfast/client'
import { Button, Group, TextInput } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api } from '../api/client.ts'
import { useSession } from '../api/use-session.ts'
import { whenText } from '../shop/texts.ts'
import { StateBadge } from '../ui/badge.tsx'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { UserIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { DataTable } from './data-table.tsx'
import { Paged } from '../ui/paged.tsx'
import { users as usersQuery } from './queries.ts'

/** Who has an account, and who of them runs the shop. */
export function UsersPage() {
  const [email, setEmail] = useState('')
  const query = useInfiniteQuery(usersQuery(email))
  const look = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const value = new FormData(event.currentTarget).get('email')
    setEmail(typeof value === 'string' ? value.trim() : '')
  }
  return (
    <Page title="Users" lead="Who has an account, and who of them runs the shop.">
      <form onSubmit={look} role="search">
        <Group mb="lg" align="end" gap="xs">
          <TextInput name="email" label="E-mail address" description="The whole address; empty for everybody." type="email" />
          <Button type="submit" variant="default">
            Look
          </Button>
        </Group>
      </form>
      <Paged
        query={query}
        what="the users"
        rowsOf={(page) => page.users}
        empty={
          <Empty icon={<UserIcon />} title="Nobody has this address">
            Addresses are looked for as a whole.
          </Empty>
        }
      >
        {(users) => <UserTable users={users} />}
      </Paged>
    </Page>
  )
}

function UserTable({ users }: { users: readonly User[] }) {
  const queries = useQueryClient()
  const { mutate, error, variables, isPending } = useMutation({
    mutationFn: async ({ id, role }: Pick<User, 'id'> & { role: 'USER' | 'ADMIN' }) => api.updateUser({ id, role }),
    onSuccess: async () => queries.invalidateQueries({ queryKey: ['users'] }),
  })
  return (
    <>
      {error !== null && <ProblemNote error={error} />}
      <DataTable
        name="Users"
        rows={users}
        keyOf={({ id }) => id}
        minWidth={520}
        columns={[
          { head: 'E-mail address', cell: ({ email, id }) => email || id },
          { head: 'Since', cell: ({ createdAt }) => whenText(createdAt) },
          {
            head: 'Role',
            cell: ({ role }) =>
              role === 'ADMIN' ? <StateBadge tone="warm">Operator</StateBadge> : <StateBadge tone="calm">Shopper</StateBadge>,
          },
          {
            head: '',
            label: 'Change the role',
            number: true,
            cell: (user) => <RoleButton user={user} isPending={isPending && variables.id === user.id} onChange={mutate} />,
          },
        ]}
      />
    </>
  )
}

interface RoleButtonProps {
  user: User
  isPending: boolean
  onChange: (change: { id: string; role: 'USER' | 'ADMIN' }) => void
}

function RoleButton({ user, isPending, onChange }: RoleButtonProps) {
  const session = useSession()
  const name = user.email || user.id
  if (user.role !== 'ADMIN') {
    return (
      <ConfirmButton
        label="Make an operator"
        size="xs"
        loading={isPending}
        question={`Make ${name} an operator?`}
        onConfirm={() => onChange({ id: user.id, role: 'ADMIN' })}
      >
        Operators see and change everything in this shop, other people’s roles as well.
      </ConfirmButton>
    )
  }
  const isSelf = session.status === 'in' && session.user.id === user.id
  return (
    <ConfirmButton
      label="Make a shopper"
      size="xs"
      loading={isPending}
      question={isSelf ? 'Give up your own role?' : `Make ${name} a shopper?`}
      onConfirm={() => onChange({ id: user.id, role: 'USER' })}
    >
      {isSelf ? 'You will not see these pages any more.' : 'What they have open as an operator ends at once.'} The last operator
      stays one.
    </ConfirmButton>
  )
}
