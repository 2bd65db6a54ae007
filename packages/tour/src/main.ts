/** `npm run tour`: records the README's tour of the command line against a system of its own, into docs/pictures/. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { makeSamples, noLimits, System, workspaceRoot } from '@holdfast/launcher'

import { castFile } from './cast'
import { filmOf } from './film'
import { record } from './record'
import { tour } from './script'
import { svgOf } from './svg'

const title = 'A tour of the command line: cameras are held, lapse, and are sold, never one twice'

async function main(): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'holdfast-tour-'))
  const system = await System.start({ dataFolder, env: noLimits })
  try {
    await makeSamples(system.url, system.credentials)
    const cast = await record(title, tour, environment(system.url, dataFolder))
    await write('tour.cast', castFile(cast))
    await write('tour.svg', svgOf(await filmOf(cast), title))
  } finally {
    await system.stop()
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The commands find the system and its two users; nothing of whoever records it comes in. */
function environment(url: string, dataFolder: string): NodeJS.ProcessEnv {
  const tools = join(workspaceRoot(), 'node_modules', '.bin')
  return {
    PATH: `${tools}:${process.env['PATH']}`,
    HOME: dataFolder,
    LANG: 'C.UTF-8',
    HOLDFAST_URL: url,
    HOLDFAST_DATA_DIR: dataFolder,
  }
}

async function write(name: string, text: string): Promise<void> {
  const folder = join(workspaceRoot(), 'docs', 'pictures')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), text)
  process.stdout.write(`docs/pictures/${name}: ${Math.round(text.length / 1024)} kB\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`The tour is not recorded: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
