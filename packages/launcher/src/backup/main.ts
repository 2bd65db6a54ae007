/** `npm run backup -- FOLDER`: a copy of the embedded system that runs on this machine. */
import { isAbsolute, join, resolve } from 'node:path'

import { workspaceRoot } from '../workspace'
import { backUp } from './backup'

async function main([target, ...rest]: string[]): Promise<void> {
  if (target === undefined || target.startsWith('-') || rest.length > 0) {
    throw new Error('usage: npm run backup -- FOLDER (not there yet; of the system on HOLDFAST_DATA_DIR)')
  }
  const folder = process.env.HOLDFAST_DATA_DIR || '.holdfast'
  const dataFolder = isAbsolute(folder) ? folder : join(workspaceRoot(), folder)
  const beganAt = performance.now()
  const { asOf, bytes } = await backUp({ dataFolder, target: resolve(target) })
  const seconds = ((performance.now() - beganAt) / 1000).toFixed(1)
  process.stdout.write(
    `${resolve(target)} is ${dataFolder} as of ${asOf.toISOString()}: ${Math.ceil(bytes / 1_000_000)} MB in ${seconds} s.\n` +
      'It holds keys and passwords. To go back: stop the system, put a copy of it in the place of the data folder, start.\n',
  )
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
