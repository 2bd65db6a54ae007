/**
 * Preloaded (`node --require`) into services that a test starts with `faults`: their fault points do what a file of the
 * point's name says. It must load nothing of theirs: the hook has to be there first.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { FaultPoint } from '@holdfast/service'

import { type ArmedFault, struckFile } from './fault-file'

const lookMs = 10

const folder = process.env.HOLDFAST_TEST_FAULTS
if (folder !== undefined) globalThis.holdfastFaultHook = async (point) => pass(point, join(folder, point))

async function pass(point: FaultPoint, file: string): Promise<void> {
  const armed = read(file)
  if (armed === undefined) return
  if (armed.passing > 1) {
    writeFileSync(file, JSON.stringify({ ...armed, passing: armed.passing - 1 }))
    return
  }
  switch (armed.action) {
    case 'crash':
      renameSync(file, struckFile(file))
      process.kill(process.pid, 'SIGKILL')
      // The signal comes a moment later; nothing may be done in it.
      return new Promise(() => undefined)
    case 'fail':
      renameSync(file, struckFile(file))
      throw new Error(`a test lets it fail here: ${point}`)
    case 'hang':
      writeFileSync(struckFile(file), '')
      while (existsSync(file)) await sleep(lookMs)
      rmSync(struckFile(file), { force: true })
  }
}

function read(file: string): ArmedFault | undefined {
  if (!existsSync(file)) return undefined
  return JSON.parse(readFileSync(file, 'utf8')) as ArmedFault
}
