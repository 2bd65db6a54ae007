/** Makes a release: `npm run release -- --help`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { baselineFile, writeBaseline } from '@holdfast/upgrade'
import { Command } from 'commander'

import { buildImage, packClient, pnpm, writeSbom, writeSums } from './artefacts'
import { run, runs } from './run'
import { checkVersions, notesOf, setVersion } from './versions'

const root = resolve(__dirname, '..', '..', '..', '..')
const say = (line: string) => void process.stdout.write(`${line}\n`)

const program = new Command('release').description('Makes what is released, out of what is committed.')

program
  .command('version')
  .description('writes a new version everywhere, and gives it what is unreleased in the changelog')
  .argument('<version>', 'as in 1.4.0')
  .action((version: string) => {
    setVersion(root, version, new Date().toISOString().slice(0, 10))
    writeBaseline(root, version)
    say(`Its migrations are in ${baselineFile}: from here on the next ones only add.`)
    say(`This is ${version} now: look at the difference, commit it, and tag it v${version}.`)
  })

program
  .command('make', { isDefault: true })
  .description('the image, the client, a bill of materials, notes and checksums')
  .option('--out <folder>', 'made anew', 'release')
  .option('--no-image', 'without the image, which needs Docker')
  .option('--no-audit', "without asking npm's registry for known faults of what is shipped")
  .action(({ out, image, audit }: { out: string; image: boolean; audit: boolean }) => make(resolve(root, out), image, audit))

program
  .command('licences')
  .description('whether the licences of what is shipped allow it; leaves the bill of materials')
  .option('--sbom <file>', 'where that goes', 'sbom.cdx.json')
  .action(({ sbom }: { sbom: string }) => {
    writeSbom(root, resolve(root, sbom))
    say(`All licences allow it; ${sbom} names them.`)
  })

function make(folder: string, image: boolean, audit: boolean): void {
  const version = checkVersions(root)
  if (run(root, 'git', ['status', '--porcelain']) !== '') throw new Error('there are changes that are not committed')
  if (image && !runs('docker', ['info']))
    throw new Error('Docker does not answer, and the image needs it: start it, or say --no-image')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeSbom(root, join(folder, `holdfast-${version}.cdx.json`))
  if (audit) pnpm(root, 'audit', '--prod', '--audit-level', 'high')
  packClient(root, folder)
  if (image) buildImage(root, join(folder, `holdfast-${version}.tar.gz`), version)
  writeFileSync(join(folder, 'NOTES.md'), `${notesOf(root, version)}\n`)
  writeSums(folder)
  say(`Holdfast ${version} is in ${folder}`)
}

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
