import { onlineManager } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

import { PlugIcon } from '../ui/icons.tsx'
import classes from './connection-banner.module.css'

/** Says so while nobody answers, and goes by itself. */
export function ConnectionBanner() {
  const isOnline = useSyncExternalStore(
    (changed) => onlineManager.subscribe(changed),
    () => onlineManager.isOnline(),
  )
  return (
    <div role="status" className={classes.place}>
      {!isOnline && (
        <p className={classes.banner}>
          <PlugIcon size={18} /> No connection to the shop. What you see may be old; it goes on by itself.
        </p>
      )}
    </div>
  )
}
