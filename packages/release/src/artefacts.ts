/** What a release consists of, made in one folder. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { licenceFaults, type Sbom } from './licences'
import { run } from './run'

/** What is in the image, or in the pages that it serves. */
const shipped = ['{./services/*}...', '@holdfast/cli...', '@holdfast/deployment...', '@holdfast/client...']

/** pnpm as package.json names it, fetched where it is not there. */
export function pnpm(root: string, ...args: string[]): string {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string }
  return run(root, 'npx', ['-y', packageManager, ...args])
}

/** A CycloneDX bill of materials of all that is shipped; its licences are looked at. */
export function writeSbom(root: string, file: string): void {
  const form = ['--sbom-format', 'cyclonedx', '--sbom-spec-version', '1.6', '--prod']
  const text = pnpm(root, 'sbom', ...form, ...shipped.flatMap((filter) => ['--filter-prod', filter]))
  const sbom = JSON.parse(text) as Sbom
  if ((sbom.components ?? []).length === 0) throw new Error('the bill of materials is empty')
  const faults = licenceFaults(sbom)
  if (faults.length > 0) throw new Error(`licences to look at:\n${faults.join('\n')}`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** The client as npm would be given it. */
export function packClient(root: string, folder: string): void {
  pnpm(root, '--filter', '@holdfast/client', 'pack', '--pack-destination', folder)
}

/** The image, as `docker load` takes it: compressed it is a third. */
export function buildImage(root: string, file: string, version: string): void {
  const revision = run(root, 'git', ['rev-parse', 'HEAD']).trim()
  const tag = `holdfast:${version}`
  // A mirror of npm's registry, where the user has one.
  const npmrc = join(process.env.HOME ?? root, '.npmrc')
  const secret = existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : []
  const labels = ['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`]
  // Docker before 23 builds without BuildKit, which the Dockerfile's secret needs, unless it is told.
  const env = { DOCKER_BUILDKIT: '1' }
  run(root, 'docker', ['build', '--file', 'deploy/Dockerfile', '--tag', tag, ...labels, ...secret, '.'], env)
  const whole = `${file}.whole`
  run(root, 'docker', ['save', '--output', whole, tag])
  writeFileSync(file, gzipSync(readFileSync(whole)))
  rmSync(whole)
}

/** In the form that `sha256sum --check` reads. */
export function writeSums(folder: string): void {
  const files = readdirSync(folder).filter((name) => name !== 'SHA256SUMS')
  const sums = files.toSorted().map((name) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
    return `${sum}  ${name}\n`
  })
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''))
}
