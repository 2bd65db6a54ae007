import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createFaults, faultEnvironment } from '../src/faults'
import { waitFor } from '../src/wait-for'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
const faults = createFaults(folder)
const started: ChildProcess[] = []
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** A process that passes a point whenever it is told to, and tells how that went. */
function start(env: Record<string, string>): { child: ChildProcess; pass: () => Promise<unknown> } {
  const child = fork(join(__dirname, 'passes-a-point.cjs'), [], { env: { ...process.env, ...env } })
  started.push(child)
  return {
    child,
    pass: async () => {
      child.send('pass')
      const [answer] = (await once(child, 'message')) as [unknown]
      return answer
    },
  }
}

test('nothing but the preloaded hook arms a point: no variable, and no file', async () => {
  const { NODE_OPTIONS: _preload, ...variables } = faultEnvironment(folder, 'inventory')
  faults.arm('inventory', 'inventory.held', 'crash')
  const { pass } = start(variables)
  expect(await pass()).toBe('passed')
  expect(faults.hasStruck('inventory', 'inventory.held')).toBe(false)
  faults.disarm('inventory', 'inventory.held')
})

test('it crashes at the third passing', async () => {
  const { child, pass } = start(faultEnvironment(folder, 'order'))
  faults.arm('order', 'inventory.held', 'crash', 3)
  expect(await pass()).toBe('passed')
  expect(await pass()).toBe('passed')
  expect(faults.hasStruck('order', 'inventory.held')).toBe(false)
  const ended = once(child, 'exit')
  child.send('pass')
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(faults.hasStruck('order', 'inventory.held')).toBe(true)
})

test('it fails once, and hangs until it is disarmed', async () => {
  const { pass } = start(faultEnvironment(folder, 'audit'))
  faults.arm('audit', 'inventory.held', 'fail')
  expect(await pass()).toMatch('a test lets it fail here')
  expect(await pass()).toBe('passed')
  faults.arm('audit', 'inventory.held', 'hang')
  const passing = pass()
  await waitFor(() => faults.hasStruck('audit', 'inventory.held'), { what: 'it to hang' })
  faults.disarm('audit', 'inventory.held')
  expect(await passing).toBe('passed')
})
