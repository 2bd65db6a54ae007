import type { Logger } from '@holdfast/service'

import { type ActivityRecord, ActivitySums } from './fold'

/** Adds records up. The log keeps what it is given: one that nobody can read must not keep the others from being counted. */
export function sumUp(records: readonly ActivityRecord[], log: Logger): ActivitySums {
  const sums = new ActivitySums()
  for (const record of records) {
    try {
      sums.add(record)
    } catch (error) {
      log.warn({ err: error, sequence: record.sequence, action: record.action }, 'an audit record is not counted as activity')
    }
  }
  return sums
}
