import { randomBytes, randomInt } from 'node:crypto'

import type { Client } from '@holdfast/client'

import type { Api } from './api'
import { concurrently } from '../concurrently'
import type { Progress } from '../progress'

/** A password's hash is slow on purpose and takes much memory: more at a time would only wait. */
const atOnce = 4

/** New users at each run, with passwords that nobody keeps: a known one would be a way in. */
export async function registerShoppers(api: Api, progress: Progress, number: number): Promise<Client[]> {
  const anonymous = api.as()
  // A word of the address in the password would be refused, and `demo` is none that can be in it.
  const run = randomInt(2 ** 47)
  const step = progress.begin(`registering ${number} shoppers`, number)
  const names = Array.from({ length: number }, (_, index) => `demo-${run}-${index + 1}`)
  const shoppers = await concurrently(names, atOnce, async (name) => {
    const credential = { email: `${name}@demo.example`, password: randomBytes(18).toString('hex') }
    const { accessToken } = await api.must('register a shopper', anonymous.register(credential))
    step.tick()
    return api.as(accessToken)
  })
  step.end()
  return shoppers
}
