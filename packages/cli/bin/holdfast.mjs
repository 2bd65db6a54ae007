#!/usr/bin/env node
// `holdfast`, on the PATH of the workspace (node_modules/.bin). Plain JavaScript for whatever Node is there: an old one hands over to
// the workspace's own.
import { spawnSync } from 'child_process'
import { existsSync } from 'fs'
import module from 'module'
import { dirname, join } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const here = dirname(fileURLToPath(import.meta.url))
const modules = join(here, '..', '..', '..', 'node_modules')
const main = join(here, '..', 'dist', 'src', 'main.js')
const platform = process.platform === 'win32' ? 'win' : process.platform
const ownNode = join(modules, `node-${platform}-${process.arch}`, 'bin', platform === 'win' ? 'node.exe' : 'node')
const [major, minor] = process.versions.node.split('.').map(Number)

if (!existsSync(main)) {
  console.error('holdfast: it is not built yet: npm run build')
  process.exitCode = 6
} else if (major > 22 || (major === 22 && minor >= 22) || !existsSync(ownNode)) {
  // What is compiled is kept for the next time, which makes a command start in half the time; where nothing can be written it is not.
  module.enableCompileCache?.(join(modules, '.cache', 'holdfast'))
  await import(pathToFileURL(main).href)
} else {
  // Ctrl-C reaches both; this one waits for the other.
  process.on('SIGINT', () => undefined)
  const { status, signal } = spawnSync(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  if (signal !== null) process.kill(process.pid, signal)
  process.exitCode = status ?? 6
}
