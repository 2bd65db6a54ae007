import { ActionIcon, Button, Menu } from '@mantine/core'
import { Link, useLocation } from 'wouter'

import { signOut } from '../api/session.ts'
import { useSession } from '../api/use-session.ts'
import { paths, signInFrom } from '../paths.ts'
import { UserIcon } from '../ui/icons.tsx'

export function AccountMenu() {
  const session = useSession()
  const [path, go] = useLocation()
  if (session.status === 'unknown') return null
  if (session.status === 'out') {
    const isThere = path.startsWith('/account/')
    return isThere ? null : (
      <Button component={Link} href={signInFrom(path)} size="xs" ml="xs">
        Sign in
      </Button>
    )
  }
  const leave = (): void => {
    go(paths.catalogue)
    void signOut()
  }
  return (
    <Menu position="bottom-end" radius="md" width={240}>
      <Menu.Target>
        <ActionIcon variant="light" size="lg" radius="xl" aria-label="Your account">
          <UserIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.user.email}</Menu.Label>
        <Menu.Item onClick={leave}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
