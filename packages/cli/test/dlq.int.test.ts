import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { createTestDatabase } from '@holdfast/testing'

import { dlqContract } from './dlq-contract'

dlqContract('the embedded log', async () => {
  const log = await createTestDatabase()
  return { env: { EVENTS_DATABASE_URL: log.url }, close: async () => log.drop() }
})

test('where nothing runs and nothing is named, it says so in one line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-dlq-'))
  const main = join(__dirname, '..', 'dist', 'src', 'main.js')
  const env = { PATH: process.env['PATH'], HOLDFAST_DATA_DIR: folder }
  const run = promisify(execFile)(process.execPath, [main, 'dlq', 'list'], { env })
  await expect(run).rejects.toMatchObject({
    code: 5,
    stdout: '',
    stderr: expect.stringMatching(/^holdfast: no events are known here: .*\n$/),
  })
  await rm(folder, { recursive: true })
})
