import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from '../src/ports'
import { launch, type Launch } from './launch'

let dataFolder: string
let started: Launch

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'holdfast-commands-'))
  started = launch({ dataFolder, port: await freePort() })
  await started.ready
})

afterAll(async () => {
  started.process.kill('SIGTERM')
  await started.ended
  await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
})

test('the three printed commands, pasted into a shell, list, reserve and check out', async () => {
  const commands = started
    .output()
    .split('\n')
    .filter((line) => line.includes('curl -s'))
  expect(commands).toHaveLength(3)
  const { stdout } = await promisify(execFile)('sh', ['-c', commands.join('\n')])
  const [products, reservation, order] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(products).toMatchObject({ products: expect.arrayContaining([expect.objectContaining({ sku: 'CAMERA001' })]) as unknown })
  expect(reservation).toMatchObject({ reservation: { status: 'ACTIVE', lines: [{ sku: 'HEADSET001', quantity: 1 }] } })
  expect(order).toMatchObject({ order: { status: 'CONFIRMED', lines: [{ sku: 'HEADSET001', quantity: 1 }] } })
})
