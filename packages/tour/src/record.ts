import { setTimeout as sleep } from 'node:timers/promises'

import { type Cast, hastened, type Stretch } from './cast'
import type { Step } from './script'
import { RecordedShell } from './shell'

/** Wide enough for the widest table of the tour, and small enough to be read on a page. */
const size = { columns: 92, rows: 26 }
/** After a command, to read what it said, in ms. */
const readingMs = 1_500
/** Before a line is begun, and before Enter, in ms. */
const thinkingMs = 300
/** What runs for longer is shown faster, in ms. */
const longestRunMs = 4_000

/** Types the steps into a shell, one after the other, and records what it shows. */
export async function record(title: string, steps: readonly Step[], env: NodeJS.ProcessEnv): Promise<Cast> {
  const shell = new RecordedShell({ ...size, env })
  try {
    const runs = await play(shell, steps)
    return { ...size, title, events: hastened(shell.events, runs, longestRunMs) }
  } finally {
    await shell.end()
  }
}

/** @returns how long each step ran */
async function play(shell: RecordedShell, steps: readonly Step[]): Promise<Stretch[]> {
  const runs: Stretch[] = []
  await shell.prompt()
  for (const { type, until, says } of steps) {
    await sleep(thinkingMs)
    await shell.type(type)
    await sleep(thinkingMs)
    const from = shell.now()
    await shell.type('\r')
    let said = ''
    if (until !== undefined) {
      said = await shell.shows(until)
      await sleep(readingMs)
      await shell.type('\u0003')
    }
    said += await shell.prompt()
    if (says !== undefined && !says.test(said)) throw new Error(`"${type}" does not say ${says} but: ${said}`)
    runs.push({ from, until: shell.now() })
    if (!type.startsWith('#')) await sleep(readingMs)
  }
  return runs
}
