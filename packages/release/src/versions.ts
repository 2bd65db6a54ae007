/** One version for everything that is released together, and where it is written. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Each has one group before the version and one after it; a file may have several such places. */
const places: { files: string; place: RegExp }[] = [
  { files: 'package.json', place: /^( {2}"version": ")([^"]+)(")/gm },
  { files: '{packages,services}/*/package.json', place: /^( {2}"version": ")([^"]+)(")/gm },
  { files: 'docs/examples/package.json', place: /^( {2}"version": ")([^"]+)(")/gm },
  { files: 'deploy/Dockerfile', place: /(--tag holdfast:|ARG VERSION=)([^\s]+)()/g },
  { files: 'docker-compose.yml', place: /(\$\{HOLDFAST_VERSION:-)([^}]+)(\})/g },
  { files: 'deploy/kubernetes/**/kustomization.yaml', place: /(name: holdfast, newName: holdfast, newTag: )([^\s}]+)()/g },
  { files: 'docs/deployment.md', place: /(holdfast[:-])(\d+\.\d+\.\d+[^\s`]*?)(\.tar\.gz|(?=[\s`]))/g },
]

export interface Written {
  /** Below the root, with forward slashes. */
  file: string
  version: string
}

/** Every place that names the version. */
export function readVersions(root: string): Written[] {
  return places.flatMap(({ files, place }) =>
    filesLike(root, files).flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(place)].map(([, , version = '']) => ({ file, version })),
    ),
  )
}

/**
 * The version that all places agree on.
 * @throws where they do not, or where the changelog has no section for it
 */
export function checkVersions(root: string): string {
  const written = readVersions(root)
  const version = written.find(({ file }) => file === 'package.json')?.version
  if (version === undefined) throw new Error('package.json has no version')
  const others = written.filter((one) => one.version !== version)
  if (others.length > 0) {
    throw new Error(`not all say ${version}: ${others.map((one) => `${one.file} says ${one.version}`).join(', ')}`)
  }
  if (!changelog(root).includes(`\n## [${version}] - `)) throw new Error(`CHANGELOG.md has no section for ${version}`)
  return version
}

/** What the changelog says of a version, without its heading. */
export function notesOf(root: string, version: string): string {
  const [, text = ''] = changelog(root).split(`\n## [${version}] - `)
  return text.slice(text.indexOf('\n')).split('\n## [')[0]?.trim() ?? ''
}

/** Writes the version everywhere, and what is unreleased in the changelog becomes its section. */
export function setVersion(root: string, version: string, today: string): void {
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) throw new Error(`${version} is no semantic version`)
  if (changelog(root).includes(`\n## [${version}] - `)) throw new Error(`${version} has been released before`)
  const unreleased = '\n## [Unreleased]\n'
  if (!changelog(root).includes(unreleased)) throw new Error('CHANGELOG.md has nothing unreleased')
  for (const { files, place } of places) {
    for (const file of filesLike(root, files)) {
      const text = readFileSync(join(root, file), 'utf8')
      writeFileSync(
        join(root, file),
        text.replace(place, (_, before: string, _old: string, after: string) => before + version + after),
      )
    }
  }
  writeFileSync(join(root, 'CHANGELOG.md'), changelog(root).replace(unreleased, `${unreleased}\n## [${version}] - ${today}\n`))
}

const changelog = (root: string): string => readFileSync(join(root, 'CHANGELOG.md'), 'utf8')

function filesLike(root: string, pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: (name) => name === 'node_modules' })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()
}
