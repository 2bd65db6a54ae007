import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { loadCredentials, readCredentials } from '../src/credentials'
import { loadKeys } from '../src/keys'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-private-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const modeOf = async (file: string) => (await stat(file)).mode & 0o777

test('keys are made once, and only their owner may read them', async () => {
  const first = await loadKeys(join(folder, 'keys'))
  const second = await loadKeys(join(folder, 'keys'))
  expect(second).toEqual(first)
  const files = await readdir(join(folder, 'keys'))
  const services = ['audit', 'gateway', 'inventory', 'notification', 'order', 'reservation']
  const pems = [...services, 'user-tokens'].map((name) => `${name}.pem`)
  expect(files.sort()).toEqual([...pems, 'payment-callbacks.secret'].sort())
  for (const file of files) expect(await modeOf(join(folder, 'keys', file))).toBe(0o600)
})

test('a service key signs what its public key verifies, and each service has its own', async () => {
  const { servicePrivateKeys, servicePublicKeys } = await loadKeys(join(folder, 'keys'))
  const message = Buffer.from('hold two')
  const signature = sign('sha256', message, createPrivateKey(servicePrivateKeys.order))
  expect(verify('sha256', message, createPublicKey(servicePublicKeys.order), signature)).toBe(true)
  expect(verify('sha256', message, createPublicKey(servicePublicKeys.audit), signature)).toBe(false)
})

test('credentials are made up at the first start and kept, readable by their owner only', async () => {
  expect(await readCredentials(folder)).toBeUndefined()
  const first = await loadCredentials(folder, {})
  expect(await loadCredentials(folder, {})).toEqual(first)
  expect(await readCredentials(folder)).toEqual(first)
  expect(await modeOf(join(folder, 'credentials.json'))).toBe(0o600)
  expect(first.admin.password).not.toBe(first.user.password)
})

test('an admin named in the environment wins over the one that was made up', async () => {
  const first = await loadCredentials(folder, {})
  const env = { HOLDFAST_ADMIN_EMAIL: 'ops@shop.example', HOLDFAST_ADMIN_PASSWORD: 'chosen by ops' }
  const second = await loadCredentials(folder, env)
  expect(second.admin).toEqual({ email: 'ops@shop.example', password: 'chosen by ops' })
  expect(second.user).toEqual(first.user)
})
