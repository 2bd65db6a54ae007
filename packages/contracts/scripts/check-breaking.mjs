// Fails where proto/ takes something away that the last release promised; with --write, a release makes its promise. What is
// compared with is proto/baseline.binpb as the last release tag has it: a branch can't excuse its own change. Before the
// first tag, and in a clone without tags, it is the file of the working tree.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { takenAway } from './taken-away.mjs'

const buf = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'node_modules', '@bufbuild', 'buf', 'bin', 'buf')
const root = process.cwd()
const baselineFile = 'proto/baseline.binpb'

if (process.argv.includes('--write')) {
  buildImage(join(root, baselineFile))
} else {
  const problems = check()
  if (problems.length > 0) {
    console.error(problems.map((problem) => `proto: ${problem}`).join('\n'))
    console.error('Clients and consumers of the last release would break: add beside it, or publish the next version (.v2).')
    process.exitCode = 1
  }
}

/** @returns {string[]} what would break, a line each */
function check() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-breaking-'))
  try {
    const [before, now] = [join(folder, 'before.binpb'), join(folder, 'now.binpb')]
    writeFileSync(before, baseline())
    buildImage(now)
    return [...bufBreaking(now, before), ...takenAway(readFileSync(before), readFileSync(now))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Without comments and positions: those would change it with every edit. */
function buildImage(file) {
  const args = ['build', '--exclude-source-info', '--path', 'proto/holdfast', '-o', file]
  execFileSync(process.execPath, [buf, ...args], { cwd: root, stdio: 'inherit' })
}

/** By the rules that buf.yaml names. The imported files of Google are not ours to judge. */
function bufBreaking(now, before) {
  const args = [buf, 'breaking', now, '--against', before, '--exclude-imports']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status === 0) return []
  const problems = stdout.split('\n').filter((line) => line !== '')
  if (problems.length === 0) throw new Error(stderr)
  return problems.map((line) => line.replace(/:\d+:\d+:/, ': '))
}

function baseline() {
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v*')?.toString().trim()
  const released = tag === undefined ? undefined : git('show', `${tag}:${baselineFile}`)
  return released ?? readFileSync(join(root, baselineFile))
}

/** What git answers; undefined where it has no answer, or there is no git. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, maxBuffer: 64_000_000 })
  return status === 0 ? stdout : undefined
}
