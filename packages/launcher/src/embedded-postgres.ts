import { setTimeout as sleep } from 'node:timers/promises'

import { backoff } from './backoff'
import { type Postgres, startPostgres } from './postgres'
import { type DatabaseName, databaseNames } from './services'

/** The databases of a system: those of a server that it runs itself, or given ones. */
export interface Databases {
  url(name: DatabaseName): string
  /** Ends the server at once, as a crash would: by its own `immediate` stop, or killed. A server that is not ours stays. */
  crash(how: 'immediate' | 'kill'): void
  stop(): Promise<void>
}

/** Databases on servers that others look after. */
export function givenDatabases(urls: Record<DatabaseName, string>): Databases {
  return { url: (name) => urls[name], crash: () => undefined, stop: async () => Promise.resolve() }
}

export interface EmbeddedPostgresOptions {
  folder: string
  onEvent: (line: string) => void
}

/** A PostgreSQL of our own with every database in it, started again on the same port when it crashes. */
export async function embeddedPostgres({ folder, onEvent }: EmbeddedPostgresOptions): Promise<Databases> {
  const pauses = backoff({ firstMs: 200, longestMs: 5_000, steadyMs: 30_000 })
  const stop = new AbortController()
  let server = await startPostgres({ folder, databases: [...databaseNames] })
  const { port } = server

  /** @returns undefined when a stop came first */
  const restart = async (): Promise<Postgres | undefined> => {
    while (!stop.signal.aborted) {
      const pauseMs = pauses.next()
      onEvent(`PostgreSQL ended; starting it again in ${pauseMs / 1000} s. Its log: ${folder}/log`)
      await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined)
      if (stop.signal.aborted) break
      try {
        const next = await startPostgres({ folder, port })
        if (!stop.signal.aborted) return next
        await next.stop()
      } catch (error) {
        onEvent(error instanceof Error ? error.message : String(error))
      }
    }
    return undefined
  }
  const watch = async (): Promise<void> => {
    for (;;) {
      pauses.started()
      await server.ended
      const next = await restart()
      if (next === undefined) return
      server = next
      onEvent('PostgreSQL serves again')
    }
  }
  const watching = watch()

  return {
    url: (name) => server.url(name),
    crash: (how) => process.kill(server.pid, how === 'immediate' ? 'SIGQUIT' : 'SIGKILL'),
    stop: async () => {
      stop.abort()
      await server.stop()
      await watching
    },
  }
}
