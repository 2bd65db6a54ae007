import { eventDescriptors } from '@holdfast/contracts'
import { type Consumer, startConsumer, type Transport } from '@holdfast/events'
import type { Database, Logger } from '@holdfast/service'

import { noticesOf, type NoticeRules, noticeTypes } from './mail/notices'
import { writeNotices } from './sql/notices'
import type { Thresholds } from './stock/crossing'
import { stockTypes, watchStock } from './stock/watch-stock'
import { enqueue } from './webhooks/enqueue'
import { WantedTypes } from './webhooks/wanted'

export interface ConsumerParts {
  database: Database
  transport: Transport
  log: Logger
}

/** Levels become crossings. */
export async function startStockConsumer(parts: ConsumerParts, thresholds: Thresholds, wakeRelay: () => void): Promise<Consumer> {
  return startConsumer({
    ...parts,
    name: 'notification-stock',
    topics: ['holdfast.inventory.v1'],
    wants: stockTypes,
    handleBatch: async (client, events) => watchStock(client, events, thresholds),
    afterCommit: wakeRelay,
  })
}

/** Everything, our own events too, goes to the endpoints that want it. */
export async function startWebhookConsumer(parts: ConsumerParts, wakeSender: () => void): Promise<Consumer> {
  const wanted = new WantedTypes(parts.database)
  return startConsumer({
    ...parts,
    name: 'notification-webhooks',
    topics: [...new Set(eventDescriptors().map((event) => event.topic))].sort(),
    wants: ({ type }) => type !== '' && wanted.mayBeWanted(type),
    handleBatch: enqueue,
    afterCommit: wakeSender,
  })
}

/** What people are told of. */
export async function startNoticeConsumer(parts: ConsumerParts, rules: NoticeRules, wakeNotices: () => void): Promise<Consumer> {
  return startConsumer({
    ...parts,
    name: 'notification-mail',
    topics: ['holdfast.order.v1', 'holdfast.reservation.v1'],
    wants: noticeTypes,
    handleBatch: async (client, events) => writeNotices(client, noticesOf(events, rules)),
    afterCommit: wakeNotices,
  })
}
