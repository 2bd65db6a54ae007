/** What a cancelled order still owes, repeated until it is done: its units back into stock, its money back. */
import { faultPoint, HoldfastError, startWorker, systemContext, type Worker } from '@holdfast/service'

import { type Base, serviceName } from './deps'
import { byService, recordChange } from './record'
import { lockOrder } from './sql/orders'
import { claimTasks, finishTask, type ReturnTask } from './sql/tasks'
import { within } from './within'

/** Tasks run in one pass. */
const batch = 20
/** How long the answers of one task may take, in ms. */
const taskMs = 10_000

export function startReturnTasks(base: Base, pauseMs: number): Worker {
  return startWorker({
    name: 'return-tasks',
    pauseMs,
    log: base.log,
    pass: async () => {
      const tasks = await claimTasks(base.database.pool, batch)
      await Promise.all(tasks.map(async (task) => run(base, task)))
      return tasks.length === batch
    },
  })
}

/** Both steps are done once however often they are asked for: the units by the task's reference, the money by the attempt. */
async function run(base: Base, task: ReturnTask): Promise<void> {
  const { requestId, traceparent } = task.context
  const ctx = { ...systemContext(serviceName, base.log, taskMs), requestId, traceparent }
  try {
    const { reservation_id: holdId, reference } = task
    await base.peers.inventory.returnStock({ holdId, reference, reason: `order ${task.order_id} was cancelled` }, ctx)
    await faultPoint('order.returned')
    if (task.attempt_id !== null) await refund(base, task.attempt_id)
    await faultPoint('order.refunded')
    await finish(base, task)
  } catch (error) {
    base.log.warn(
      { err: error, order: task.order_id, tries: task.tries },
      'units or money of a cancelled order are not back yet; again',
    )
  }
}

async function refund(base: Base, attemptId: string): Promise<void> {
  const state = await within(taskMs, async () => base.provider.refund(attemptId))
  if (state !== 'refunded') throw new HoldfastError('UNAVAILABLE', `the payment is ${state}`)
}

/** Locks: the order, then its task. */
async function finish(base: Base, task: ReturnTask): Promise<void> {
  await base.database.transaction(async (client) => {
    const order = await lockOrder(client, task.order_id)
    const first = await finishTask(client, task.order_id)
    if (order === undefined || !first || task.attempt_id === null) return
    const change = { status: order.status, paymentStatus: 'REFUNDED', cancelReason: order.cancel_reason } as const
    await recordChange(client, order, change, 'refunded', byService(task.context))
  })
  base.wakeRelay()
}
