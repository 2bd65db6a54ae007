import type { Base, Deps } from './deps'
import { startLapseWorker } from './lapse'
import { startLatePayments } from './late-payments'
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
  const payments = new Payments(base)
  const recovery = startRecovery({ ...base, payments }, pauseMs)
  const latePayments = startLatePayments(base, pauseMs)
  const deps: Deps = {
    ...base,
    payments,
    wakeTasks: () => tasks.wake(),
    wakeRecovery: () => recovery.wake(),
    wakeLatePayments: () => latePayments.wake(),
  }
  const workers = [tasks, startLapseWorker(base, pauseMs), recovery, latePayments]
  return {
    deps,
    stop: async () => {
      await Promise.all(workers.map(async (worker) => worker.stop()))
      await deps.payments.stop()
    },
  }
}
