import { Button } from '@mantine/core'
import { Link } from 'wouter'

import { paths } from './paths.ts'
import { ShelfIcon } from './ui/icons.tsx'
import { Page } from './ui/page.tsx'
import { Empty } from './ui/states.tsx'

export function NotFoundPage() {
  return (
    <Page title="No such page">
      <Empty
        icon={<ShelfIcon />}
        title="There is nothing at this address"
        action={
          <Button component={Link} href={paths.catalogue}>
            To the catalogue
          </Button>
        }
      >
        It may have been mistyped, or the page has moved.
      </Empty>
    </Page>
  )
}
