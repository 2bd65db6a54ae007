/** The part of a payment provider that a test plays: messages, signed or not, and books that say what the test wants. */
import { Client } from 'pg'
import { Webhook } from 'standardwebhooks'

import type { Shop } from './shop'

export interface Message {
  /** Of the message. */
  id: string
  paymentId: string
  state: string
}

/** What a message is made of, to be spoilt. */
export interface Signed {
  headers: Record<string, string>
  body: string
}

/** As the simulated provider signs it. @param secret another than the system's own */
export function signed(
  shop: Shop,
  { id, ...data }: Message,
  at = new Date(),
  secret = shop.system.keys.paymentCallbackSecret,
): Signed {
  const body = JSON.stringify({ type: 'payment.updated', timestamp: at.toISOString(), data })
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
  return { headers, body }
}

export interface CallbackReply {
  status: number
  code?: string
  replayed?: boolean
}

/** @param path of another provider */
export async function post(
  shop: Shop,
  { headers, body }: Signed,
  path = '/v1/payments/callbacks/simulated',
): Promise<CallbackReply> {
  const response = await fetch(`${shop.system.url}${path}`, { method: 'POST', headers, body })
  return { status: response.status, ...((await response.json()) as { code?: string; replayed?: boolean }) }
}

export async function callBack(shop: Shop, message: Message): Promise<CallbackReply> {
  return post(shop, signed(shop, message))
}

/** The ids of an order's payments, oldest first. */
export async function paymentIds(shop: Shop, orderId: string): Promise<string[]> {
  const rows = await ofOrders<{ id: string }>(shop, 'select id from payment_attempts where order_id = $1 order by created_at', [
    orderId,
  ])
  return rows.map(({ id }) => id)
}

/** The provider has another mind about an order's last payment, whatever it had said. @returns the payment's id */
export async function changeAtProvider(shop: Shop, orderId: string, state: string): Promise<string> {
  const id = (await paymentIds(shop, orderId)).at(-1) ?? ''
  await ofOrders(shop, 'update simulated_payments set state = $2, outcome = $2 where id = $1', [id, state])
  return id
}

/** Asks the order service's database. */
export async function ofOrders<Row>(shop: Shop, statement: string, values: unknown[] = []): Promise<Row[]> {
  const database = new Client({ connectionString: shop.system.databaseUrl('order') })
  await database.connect()
  try {
    return (await database.query(statement, values)).rows as Row[]
  } finally {
    await database.end()
  }
}
