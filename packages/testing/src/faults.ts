/** Arms the fault points of services that a test has started; fault-hook.ts is the other side, in their processes. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { allServiceNames, type ServiceName, workspaceRoot } from '@holdfast/launcher'
import type { FaultPoint } from '@holdfast/service'

import { type ArmedFault, type FaultAction, struckFile } from './fault-file'

export interface Faults {
  /** Lets the nth passing of the point from now on do this. A crash and a failure happen once. */
  arm(service: ServiceName, point: FaultPoint, action: FaultAction, passing?: number): void
  /** Whether it has crashed or failed there since it was armed, or hangs there now. */
  hasStruck(service: ServiceName, point: FaultPoint): boolean
  /** What hangs there goes on. */
  disarm(service: ServiceName, point: FaultPoint): void
}

/** @param folder where the processes look for what is armed */
export function createFaults(folder: string): Faults {
  for (const service of allServiceNames) mkdirSync(join(folder, service), { recursive: true })
  return {
    arm: (service, point, action, passing = 1) => {
      const file = join(folder, service, point)
      const armed: ArmedFault = { action, passing }
      rmSync(struckFile(file), { force: true })
      // By renaming: nobody reads half of it.
      writeFileSync(`${file}.draft`, JSON.stringify(armed))
      renameSync(`${file}.draft`, file)
    },
    hasStruck: (service, point) => existsSync(struckFile(join(folder, service, point))),
    disarm: (service, point) => rmSync(join(folder, service, point), { force: true }),
  }
}

/** The environment that prepares a service's process. */
export function faultEnvironment(folder: string, service: ServiceName): Record<string, string> {
  const hook = join(workspaceRoot(), 'packages/testing/dist/src/fault-hook.js')
  return {
    NODE_OPTIONS: `--require=${JSON.stringify(hook)}`,
    HOLDFAST_TEST_FAULTS: join(folder, service),
  }
}
