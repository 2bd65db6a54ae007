import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A relay in a process of its own, which can be killed. */
export interface RelayProcess {
  readonly leading: boolean
  /** Ends it at once. */
  kill(): Promise<void>
}

/** @param config as a service's environment names the transport */
export function startRelayProcess(databaseUrl: string, config: Record<string, string>): RelayProcess {
  const child: ChildProcess = fork(join(__dirname, 'relays-until-killed.cjs'), {
    env: { ...process.env, ...config, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let leading = false
  child.on('message', (message) => (leading = message === 'leading'))
  const ended = once(child, 'exit')
  return {
    get leading() {
      return leading
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
