import { type ReactNode, useRef } from 'react'

import { ConnectionBanner } from './connection-banner.tsx'
import { FaultBoundary } from './fault-boundary.tsx'
import { Header } from './header.tsx'
import { useFreshPage } from './use-fresh-page.ts'
import classes from './shell.module.css'

/** What is around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const content = useRef<HTMLElement>(null)
  useFreshPage(content)
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <Header />
      <ConnectionBanner />
      <main id="content" ref={content} tabIndex={-1} className={classes.content}>
        <FaultBoundary>{children}</FaultBoundary>
      </main>
      <footer className={classes.footer}>
        <span>Holdfast keeps what you reserve until its time is over.</span>
        <a href="/docs">API</a>
      </footer>
    </div>
  )
}
