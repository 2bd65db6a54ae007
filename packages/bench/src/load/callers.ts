import type { Callers } from './caller'
import { openGrpcCallers } from './grpc-callers'
import { openHoldCallers } from './hold-callers'
import { openHttpCallers } from './http-callers'
import type { LoadTask } from './task'

/** @param most how many callers a phase has at most */
export async function openCallers(task: LoadTask, most: number): Promise<Callers> {
  const { target } = task
  switch (target.kind) {
    case 'http':
      return openHttpCallers(target, task, most)
    case 'grpc':
      return openGrpcCallers(target, task)
    case 'holds':
      return openHoldCallers(target, task)
  }
}
