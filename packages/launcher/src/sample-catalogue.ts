import { callJson, type JsonReply } from './json-client'
import type { Credentials } from './credentials'

export interface SampleProduct {
  sku: string
  name: string
  description: string
  /** US cents. */
  amountMinor: number
  /** Units in the warehouse MAIN at the beginning. */
  stock: number
}

export const sampleProducts: SampleProduct[] = [
  product('LAPTOP001', 'Premium Laptop Pro', 'Sixteen inches, for work on the road', 129_999, 5),
  product('PHONE001', 'Flagship Smartphone X', 'The one with the good camera', 89_999, 10),
  product('HEADSET001', 'Wireless Headphones Pro', 'Over the ear, quiet inside', 29_999, 20),
  product('TABLET001', 'Ultra Tablet Max', 'Thirteen inches with a pen', 69_999, 8),
  product('WATCH001', 'Smart Watch Elite', 'Two days on one charge', 39_999, 15),
  product('CAMERA001', '4K Mirrorless Camera', 'With one fast lens', 159_999, 3),
  product('SPEAKER001', 'Portable Bluetooth Speaker', 'Does not mind the rain', 14_999, 25),
  product('CHARGER001', 'Fast Charging Station', 'Four devices at once', 7_999, 30),
]

/** Makes what is not there yet of the sample catalogue, and the sample user. Changes nothing that is there. */
export async function makeSamples(url: string, credentials: Credentials): Promise<void> {
  const token = await logIn(url, credentials)
  for (const sample of sampleProducts) await makeProduct(url, token, sample)
  const registered = await callJson('POST', `${url}/v1/auth/register`, { body: credentials.user })
  expectStatus(registered, [200, 201, 409], `register ${credentials.user.email}`)
}

async function logIn(url: string, { admin }: Credentials): Promise<string> {
  const reply = await callJson<{ accessToken: string }>('POST', `${url}/v1/auth/login`, { body: admin })
  expectStatus(reply, [200], `log in as ${admin.email}`)
  return reply.body.accessToken
}

async function makeProduct(url: string, token: string, sample: SampleProduct): Promise<void> {
  const { sku, name, description, amountMinor, stock } = sample
  const known = await callJson('GET', `${url}/v1/products/${sku}`)
  if (known.status === 200) return
  const body = { sku, name, description, price: { currency: 'USD', amountMinor: String(amountMinor) }, stock }
  // 409: another start was quicker.
  const made = await callJson('POST', `${url}/v1/products`, { token, idempotencyKey: `sample-${sku}`, body })
  expectStatus(made, [200, 201, 409], `make the product ${sku}`)
}

function expectStatus(reply: JsonReply<unknown>, statuses: number[], what: string): void {
  if (!statuses.includes(reply.status)) throw new Error(`could not ${what}: ${reply.status} ${JSON.stringify(reply.body)}`)
}

function product(sku: string, name: string, description: string, amountMinor: number, stock: number): SampleProduct {
  return { sku, name, description, amountMinor, stock }
}
