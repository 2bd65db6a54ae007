import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { parse } from 'yaml'

import { licenceFaults } from '../src/licences'
import { checkVersions, notesOf, readVersions, setVersion } from '../src/versions'

const root = resolve(__dirname, '..', '..', '..')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-release-'))
  const files = [...new Set(readVersions(root).map(({ file }) => file))]
  for (const file of [...files, 'CHANGELOG.md']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file))
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('every place names the same version', () => {
  const written = readVersions(root)
  expect(new Set(written.map(({ version }) => version)).size).toBe(1)
  const files = written.map(({ file }) => file)
  expect(files).toEqual(
    expect.arrayContaining(['package.json', 'services/order/package.json', 'deploy/Dockerfile', 'docker-compose.yml']),
  )
  expect(files).toContain('deploy/kubernetes/base/kustomization.yaml')
})

test('a new version is written everywhere, and takes what was unreleased with it', () => {
  const before = readVersions(folder)
  setVersion(folder, '7.8.9', '2026-11-25')
  expect(readVersions(folder)).toEqual(before.map(({ file }) => ({ file, version: '7.8.9' })))
  expect(checkVersions(folder)).toBe('7.8.9')
  expect(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')).toContain('## [Unreleased]\n\n## [7.8.9] - 2026-11-25\n')
  expect(notesOf(folder, '7.8.9')).toMatch(/^### Added\n/)
  expect(() => setVersion(folder, '7.8.9', '2026-11-26')).toThrow('has been released before')
  expect(() => setVersion(folder, '7.8', '2026-11-26')).toThrow('no semantic version')
})

test('a place that was forgotten is named, and so is a version that the changelog does not know', () => {
  const [{ version } = { version: '' }] = readVersions(folder)
  expect(() => checkVersions(folder)).toThrow(`no section for ${version}`)
  setVersion(folder, '7.8.9', '2026-11-25')
  const compose = join(folder, 'docker-compose.yml')
  writeFileSync(compose, readFileSync(compose, 'utf8').replace('${HOLDFAST_VERSION:-7.8.9}', '${HOLDFAST_VERSION:-7.8.8}'))
  expect(() => checkVersions(folder)).toThrow('docker-compose.yml says 7.8.8')
})

test('notes end where the next version begins', () => {
  setVersion(folder, '7.8.9', '2026-11-25')
  const file = join(folder, 'CHANGELOG.md')
  writeFileSync(file, readFileSync(file, 'utf8').replace('## [Unreleased]\n', '## [Unreleased]\n\n### Added\n\n- A thing.\n'))
  setVersion(folder, '7.9.0', '2026-11-26')
  expect(notesOf(folder, '7.9.0')).toBe('### Added\n\n- A thing.')
})

test('what may be shipped, by its licence', () => {
  const component = (name: string, ...licenses: ({ license: { id?: string; name?: string } } | { expression: string })[]) => ({
    name,
    version: '1.0.0',
    licenses,
  })
  const components = [
    component('free', { license: { id: 'MIT' } }),
    component('either', { expression: '(GPL-3.0-only OR MIT)' }),
    component('both', { expression: 'Apache-2.0 AND GPL-3.0-only' }),
    component('copyleft', { license: { id: 'AGPL-3.0-only' } }),
    component('own', { license: { name: 'SEE LICENSE IN LICENSE' } }),
    component('none'),
  ]
  expect(licenceFaults({ components })).toEqual([
    'both 1.0.0 is under Apache-2.0 AND GPL-3.0-only',
    'copyleft 1.0.0 is under AGPL-3.0-only',
    'own 1.0.0 is under SEE LICENSE IN LICENSE',
    'none 1.0.0 has no licence',
  ])
})

test('the workflows run what a contributor runs', () => {
  interface Workflow {
    jobs: Record<string, { steps: { run?: string }[] }>
  }
  const commandsOf = (name: string): string[] => {
    const { jobs } = parse(readFileSync(join(root, '.github', 'workflows', name), 'utf8')) as Workflow
    return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))
  }
  expect(commandsOf('ci.yml')).toEqual(['.ci/run'])
  expect(commandsOf('release.yml').slice(0, 2)).toEqual(['.ci/run', 'npm run release'])
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  expect(Object.keys(scripts)).toContain('release')
})
