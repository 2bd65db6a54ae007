import { type Client, createClient, HoldfastApiError, type Problem } from '@holdfast/client'

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
  const anonymous = createClient({ url })
  const admin = await may(anonymous.login(credentials.admin), `log in as ${credentials.admin.email}`)
  const client = createClient({ url, token: () => admin?.accessToken })
  for (const sample of sampleProducts) await makeProduct(client, sample)
  await may(anonymous.register(credentials.user), `register ${credentials.user.email}`, 'ALREADY_EXISTS')
}

async function makeProduct(client: Client, sample: SampleProduct): Promise<void> {
  const { sku, name, description, amountMinor, stock } = sample
  if ((await may(client.getProduct({ sku }), `read the product ${sku}`, 'NOT_FOUND')) !== undefined) return
  const wanted = { sku, name, description, price: { currency: 'USD', amountMinor: String(amountMinor) }, stock }
  const making = client.createProduct(wanted, { idempotencyKey: `sample-${sku}` })
  // Another start may be quicker.
  await may(making, `make the product ${sku}`, 'ALREADY_EXISTS')
}

/** @returns undefined where it is refused with the code that may be */
async function may<Answer>(call: Promise<Answer>, what: string, code?: Problem['code']): Promise<Answer | undefined> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof HoldfastApiError)) throw error
    if (error.code === code) return undefined
    throw new Error(`could not ${what}: ${error.status} ${error.message}`, { cause: error })
  }
}

function product(sku: string, name: string, description: string, amountMinor: number, stock: number): SampleProduct {
  return { sku, name, description, amountMinor, stock }
}
