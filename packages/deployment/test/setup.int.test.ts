import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { allServiceNames, databaseNames } from '@holdfast/launcher'
import { createTestDatabase, type TestDatabase } from '@holdfast/testing'
import { Client } from 'pg'

import { makeDatabases } from '../src/databases'
import { kubernetesSecrets } from '../src/kubernetes-secrets'
import { makeSecrets, readSecrets } from '../src/secrets'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-setup-'))
})
afterEach(async () => rm(folder, { recursive: true, force: true }))

const options = () => ({ folder, postgres: 'postgres:5432', adminEmail: 'admin@shop.example' })

test('keys and passwords are made once, and only their owner may read them', async () => {
  await makeSecrets(options())
  const first = await Promise.all(allServiceNames.map(async (name) => readSecrets(folder, name)))
  await makeSecrets(options())
  expect(await Promise.all(allServiceNames.map(async (name) => readSecrets(folder, name)))).toEqual(first)
  for (const name of await readdir(folder)) {
    for (const file of await readdir(join(folder, name))) {
      expect([file, (await stat(join(folder, name, file))).mode & 0o077]).toEqual([file, 0])
    }
  }
})

test('each service has a key and a database of its own, and knows the public keys of all', async () => {
  await makeSecrets(options())
  const secrets = await Promise.all(allServiceNames.map(async (name) => readSecrets(folder, name)))
  for (const [index, name] of allServiceNames.entries()) {
    const { SERVICE_PRIVATE_KEY: own = '', SERVICE_PUBLIC_KEYS: all = '', DATABASE_URL: url } = secrets[index] ?? {}
    expect(new URL(url ?? '').pathname).toBe(`/holdfast_${name}`)
    const publicKey = (JSON.parse(all) as Record<string, string>)[name]
    expect(createPublicKey(createPrivateKey(own)).export({ type: 'spki', format: 'pem' })).toBe(publicKey)
  }
  expect(new Set(secrets.map((it) => it.SERVICE_PRIVATE_KEY)).size).toBe(allServiceNames.length)
  expect(new Set(secrets.map((it) => it.EVENTS_DATABASE_URL)).size).toBe(1)
  const holders = allServiceNames.filter((_, index) => secrets[index]?.JWT_PRIVATE_KEY !== undefined)
  expect(holders).toEqual(['gateway'])
})

test('the Secrets of Kubernetes hold the same, one for each service', async () => {
  await makeSecrets(options())
  const { items } = await kubernetesSecrets(folder)
  expect(items.map((item) => item.metadata.name)).toEqual(allServiceNames.map((name) => `holdfast-${name}`))
  expect(items.find((item) => item.metadata.name === 'holdfast-gateway')?.stringData).toEqual(
    await readSecrets(folder, 'gateway'),
  )
})

describe('databases', () => {
  let server: TestDatabase
  let suffix: string
  let urls: string[]
  const made = () => databaseNames.map((name) => `${name}_${suffix}`)

  beforeEach(async () => {
    server = await createTestDatabase()
    suffix = new URL(server.url).pathname.slice(1).slice(-12)
    urls = made().map((name) => {
      const url = new URL(server.url)
      return Object.assign(url, { username: name, password: 'first', pathname: `/${name}` }).href
    })
  })
  afterEach(async () => {
    await run(server.url, async (client) => {
      for (const name of made()) {
        await client.query(`drop database if exists "${name}" with (force)`)
        await client.query(`drop role if exists "${name}"`)
      }
    })
    await server.drop()
  })

  test('each role makes tables in its own database and may not enter another', async () => {
    await Promise.all([makeDatabases(server.url, urls), makeDatabases(server.url, urls)])
    const [own = '', other = ''] = urls
    await run(own, async (client) => {
      await client.query('create table shelf (id int)')
      await expect(client.query('create role somebody')).rejects.toThrow('permission denied')
    })
    const stranger = Object.assign(new URL(other), { username: new URL(own).username }).href
    await expect(run(stranger, async () => Promise.resolve())).rejects.toThrow('permission denied for database')
  })

  test('a second run keeps what is there and takes a new password over', async () => {
    await makeDatabases(server.url, urls)
    const [url = ''] = urls
    await run(url, async (client) => client.query('create table shelf (id int)'))
    const changed = Object.assign(new URL(url), { password: "it's new" }).href
    await makeDatabases(server.url, [changed])
    await expect(run(url, async () => Promise.resolve())).rejects.toThrow('password authentication failed')
    await run(changed, async (client) => client.query('select from shelf'))
  })

  test('a URL without a role or a database is refused', async () => {
    await expect(makeDatabases(server.url, ['postgres://localhost/'])).rejects.toThrow('names no role')
  })
})

async function run(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
