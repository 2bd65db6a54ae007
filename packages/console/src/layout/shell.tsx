import type { ReactNode } from 'react'

import { ConnectionBanner } from './connection-banner.tsx'
import { Header } from './header.tsx'
import classes from './shell.module.css'

/** What is around every page. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <Header />
      <ConnectionBanner />
      <main id="content" tabIndex={-1} className={classes.content}>
        {children}
      </main>
      <footer className={classes.footer}>
        <span>Holdfast keeps what you reserve until its time is over.</span>
        <a href="/docs">API</a>
      </footer>
    </div>
  )
}
