import type { Order } from '@holdfast/client'

import type { Tone } from '../ui/badge.tsx'

interface Words {
  text: string
  tone: Tone
}

const states: Record<Order['status'], Words> = {
  STATUS_UNSPECIFIED: { text: 'Unknown', tone: 'calm' },
  PENDING: { text: 'Not paid yet', tone: 'warm' },
  CONFIRMED: { text: 'Paid', tone: 'good' },
  PROCESSING: { text: 'Being packed', tone: 'good' },
  SHIPPED: { text: 'On its way', tone: 'good' },
  DELIVERED: { text: 'Delivered', tone: 'good' },
  CANCELLED: { text: 'Cancelled', tone: 'calm' },
}

/** What a shopper calls it. One that waits for a bank says so. */
export function orderState({ status, paymentStatus }: Pick<Order, 'status' | 'paymentStatus'>): Words {
  if (status === 'PENDING' && paymentStatus === 'IN_PROGRESS') return { text: 'Payment under way', tone: 'warm' }
  return states[status] ?? states.STATUS_UNSPECIFIED
}

const payments: Record<Order['paymentStatus'], string> = {
  PAYMENT_STATUS_UNSPECIFIED: '',
  UNPAID: 'Nothing has been paid yet.',
  IN_PROGRESS: 'The bank has been asked and has not answered yet. Your units are kept until it has.',
  SUCCEEDED: 'Paid in full.',
  DECLINED: 'The last card was declined.',
  VOIDED: 'The payment was called off before anything was taken.',
  REFUND_PENDING: 'Your money is on its way back.',
  REFUNDED: 'Your money was given back.',
}

export function paymentText({ paymentStatus }: Pick<Order, 'paymentStatus'>): string {
  return payments[paymentStatus] ?? ''
}

const reasons: Record<string, string> = {
  requested: 'You cancelled it.',
  reservation_expired: 'Its time was over before it was paid.',
  reservation_cancelled: 'The units were given back before it was paid.',
}

export function cancelText({ status, cancelReason }: Pick<Order, 'status' | 'cancelReason'>): string {
  return status === 'CANCELLED' ? (reasons[cancelReason] ?? '') : ''
}
