import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

import { workspaceRoot } from '@holdfast/launcher'
import { Client } from 'pg'

import type { Results } from './results'
import { redisVersion } from './systems/redis-server'

export function describeMachine(): Omit<Results['machine'], 'loadBefore' | 'loadAfter'> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${type()} ${release()} ${process.arch}`,
  }
}

/** The machine's load average of the last minute: what else was going on. */
export function readLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}

export function describeVersions(): Record<string, string> {
  const commit = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: workspaceRoot(), encoding: 'utf8' })
  const redis = redisVersion()
  return {
    node: process.versions.node,
    ...(commit.status === 0 && { holdfast: commit.stdout.trim() }),
    ...(redis !== undefined && { redis }),
  }
}

export async function postgresVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0]?.server_version ?? 'unknown'
  } finally {
    await client.end()
  }
}
