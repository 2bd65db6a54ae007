/** How much of the processors a running system has used, by what its processes are. Linux only: elsewhere nothing is told. */
import { readFileSync } from 'node:fs'

import { databaseNames, serviceNames, type System } from '@holdfast/launcher'
import { Client } from 'pg'

/** By process id. */
export type ProcessorTimes = Map<number, { name: string; microseconds: number }>

/** The name of sessions that only look: what they use is not the system's. */
export const benchName = 'holdfast bench'

/** What Linux counts in, whatever the kernel's own clock. */
const microsecondsPerTick = 10_000

export async function readProcessorTimes(system: System): Promise<ProcessorTimes> {
  const names = new Map(
    serviceNames.flatMap((name) =>
      system.replicas(name).flatMap(({ process: { pid } }): [number, string][] => (pid === undefined ? [] : [[pid, name]])),
    ),
  )
  for (const [pid, name] of await backends(system)) names.set(pid, name)
  return timesOf(names)
}

/** Of processes whose ids are known. */
export function timesOf(names: ReadonlyMap<number, string>): ProcessorTimes {
  return new Map(
    [...names].flatMap(([pid, name]) => {
      const microseconds = timeOf(pid)
      return microseconds === undefined ? [] : [[pid, { name, microseconds }]]
    }),
  )
}

/** In us, by name. What a process used that has ended since is not known. */
export function usedBetween(before: ProcessorTimes, after: ProcessorTimes): Record<string, number> {
  const used: Record<string, number> = {}
  for (const [pid, { name, microseconds }] of after) {
    used[name] = (used[name] ?? 0) + microseconds - (before.get(pid)?.microseconds ?? 0)
  }
  return used
}

/** PostgreSQL's processes: one for each session, and its own. */
async function backends(system: System): Promise<[number, string][]> {
  const client = new Client({ connectionString: system.databaseUrl('audit') })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number; database: string | null }>(
      'select pid, datname as database from pg_stat_activity where pid <> pg_backend_pid() and application_name <> $1',
      [benchName],
    )
    return rows.map(({ pid, database }) => [pid, `PostgreSQL, ${nameOf(system, database)}`])
  } finally {
    await client.end()
  }
}

function nameOf(system: System, database: string | null): string {
  const name = databaseNames.find((one) => new URL(system.databaseUrl(one)).pathname === `/${database}`)
  return name === undefined ? 'its own' : `${name}'s`
}

/** User and system time; undefined when there is no such process, or no `/proc`. */
function timeOf(pid: number): number | undefined {
  try {
    // The second field is the command in brackets, which may hold anything; the 14th and 15th of all are the times.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick
  } catch {
    return undefined
  }
}
