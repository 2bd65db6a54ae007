import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { commandOf } from '../src/process-info'
import { claim, findRunning, isClaim } from '../src/running'
import { forEachService } from '../src/services'

let folder: string
const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-running-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

afterAll(() => {
  other.kill('SIGKILL')
})

async function claimOf(pid: number, command: string): Promise<void> {
  await writeFile(join(folder, 'running.json'), JSON.stringify({ pid, command, url: 'http://127.0.0.1:8080' }))
}

test('a folder that a living launcher has is not given to a second', async () => {
  const pid = other.pid ?? 0
  await claimOf(pid, await commandOf(pid))
  expect(await claim(folder)).toMatchObject({ pid, url: 'http://127.0.0.1:8080' })
})

test('a claim is taken over when its process is gone, or its pid is another process by now', async () => {
  for (const [pid, command] of [
    [2 ** 22 + 1, 'node main.js'],
    [other.pid ?? 0, 'node packages/launcher/dist/src/main.js'],
  ] as const) {
    await claimOf(pid, command)
    expect(await findRunning(folder)).toBeUndefined()
    const claimed = await claim(folder)
    expect(isClaim(claimed)).toBe(true)
    if (isClaim(claimed)) await claimed.release()
  }
})

test('a claim is kept until it is released, and says where the system is', async () => {
  const claimed = await claim(folder)
  if (!isClaim(claimed)) throw new Error('not claimed')
  await claimed.announce({ url: 'http://127.0.0.1:1234', grpc: forEachService(() => '127.0.0.1:1') })
  await claimed.release()
  expect(isClaim(await claim(folder))).toBe(true)
})
