import type { Base, Deps } from './deps'
import { startLapseWorker } from './lapse'
import { Payments } from './payments'
import { startRecovery } from './recover'
import { startReturnTasks } from './tasks'

export interface Rules {
  deps: Deps
  /** Ends the workers, then waits a little for payments under way. */
  stop(): Promise<void>
}

/** The use cases' dependencies, and the workers that finish what calls leave behind. @param pauseMs between two looks for work */
export function startRules(base: Base, pauseMs = 1_000): Rules {
  const tasks = startReturnTasks(base, pauseMs)
  const deps: Deps = { ...base, payments: new Payments(base), wakeTasks: () => tasks.wake() }
  const workers = [tasks, startLapseWorker(base, pauseMs), startRecovery(deps, pauseMs)]
  return {
    deps,
    stop: async () => {
      await Promise.all(workers.map(async (worker) => worker.stop()))
      await deps.payments.stop()
    },
  }
}
