import { Anchor, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

import { ArrowIcon } from './icons.tsx'
import classes from './page.module.css'

export interface PageProps {
  /** Also that of the window. */
  title: string
  /** One sentence beneath it. */
  lead?: ReactNode
  /** The page above this one. */
  back?: { to: string; text: string }
  /** Beside the title. */
  aside?: ReactNode
  children: ReactNode
}

/** What every page begins with. */
export function Page({ title, lead, back, aside, children }: PageProps) {
  useDocumentTitle(`${title} · Holdfast`)
  return (
    <>
      {back !== undefined && (
        <Anchor component={Link} href={back.to} className={classes.back}>
          <ArrowIcon size={16} /> {back.text}
        </Anchor>
      )}
      <header className={classes.head}>
        <div>
          <Title order={1} className={classes.title}>
            {title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" mt={6} maw="44rem">
              {lead}
            </Text>
          )}
        </div>
        {aside}
      </header>
      {children}
    </>
  )
}
