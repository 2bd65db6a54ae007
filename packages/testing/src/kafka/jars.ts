import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { workspaceRoot } from '@holdfast/launcher'

/** Apache Kafka's jars as a class path; Maven fetches them once for each version of the pom. */
export async function kafkaClassPath(): Promise<string> {
  const pom = join(workspaceRoot(), 'packages', 'testing', 'kafka', 'pom.xml')
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12)
  const cache = join(workspaceRoot(), 'node_modules', '.cache')
  const folder = join(cache, `kafka-${version}`)
  if (!existsSync(folder)) await fetchJars(pom, cache, folder)
  return join(folder, '*')
}

/** Under another name until it is whole; of two that fetch at once, the second finds it done. */
async function fetchJars(pom: string, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(`${folder}-`)
  try {
    const args = ['--quiet', '--batch-mode', '--file', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${draft}`]
    await promisify(execFile)('mvn', args, { shell: process.platform === 'win32' })
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw new Error('Maven could not fetch Apache Kafka', { cause: error })
  }
}
