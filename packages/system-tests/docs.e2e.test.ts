/** What the documents promise is there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { rpcDescriptors } from '@holdfast/contracts'

const root = join(__dirname, '..', '..')
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')
const services = readdirSync(join(root, 'services'))

test('docs/configuration.md lists every variable that a service reads', () => {
  const sources = [
    read('packages', 'service', 'src', 'config.ts'),
    read('packages', 'events', 'src', 'config.ts'),
    ...services.map((name) => read('services', name, 'src', 'config.ts')),
    read('packages', 'demo', 'src', 'config.ts'),
  ]
  const variables = new Set(
    sources.flatMap((source) => [...source.matchAll(/^\s+([A-Z][A-Z_]{3,}): /gm)].map(([, name]) => name ?? '')),
  )
  expect(variables.size).toBeGreaterThan(20)
  const documented = read('docs', 'configuration.md')
  expect([...variables].filter((name) => !documented.includes(`\`${name}\``))).toEqual([])
})

test('the README names every collection of the API', () => {
  const documented = read('README.md')
  const collections = rpcDescriptors().flatMap(({ route }) => {
    const path = route?.get ?? route?.post ?? route?.patch ?? ''
    return path === '' ? [] : [path.split(/[/:]/).slice(0, 3).join('/')]
  })
  expect([...new Set(collections)].filter((path) => !documented.includes(path))).toEqual([])
})

test('links between the documents lead somewhere', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ]
  const dead = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].flatMap(([, target]) => {
      try {
        readFileOrFolder(join(root, document, '..', target ?? ''))
        return []
      } catch {
        return [`${document}: ${target}`]
      }
    }),
  )
  expect(dead).toEqual([])
})

function readFileOrFolder(path: string): void {
  try {
    readFileSync(path)
  } catch {
    readdirSync(path)
  }
}
