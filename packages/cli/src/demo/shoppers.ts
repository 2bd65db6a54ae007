import { randomBytes } from 'node:crypto'

import { RegisterResponse } from '@holdfast/contracts/auth'

import { type Client, expectStatus } from '../client'
import { concurrently } from '../concurrently'
import type { Progress } from '../progress'
import type { Shopper } from './session'

/** A password's hash is slow on purpose and takes much memory: more at a time would only wait. */
const atOnce = 4

/** New users at each run, with passwords that nobody keeps: a known one would be a way in. */
export async function registerShoppers(client: Client, progress: Progress, number: number): Promise<Shopper[]> {
  const run = randomBytes(6).toString('hex')
  const step = progress.begin(`registering ${number} shoppers`, number)
  const names = Array.from({ length: number }, (_, index) => `demo-${run}-${index + 1}`)
  const shoppers = await concurrently(names, atOnce, async (name) => {
    const body = { email: `${name}@demo.example`, password: randomBytes(18).toString('base64url') }
    const reply = await client.call('POST', '/v1/auth/register', { body })
    expectStatus(reply, [200, 201], 'register a shopper')
    step.tick()
    return { token: RegisterResponse.fromJSON(reply.body).accessToken }
  })
  step.end()
  return shoppers
}
