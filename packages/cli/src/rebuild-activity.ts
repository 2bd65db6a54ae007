import { setTimeout as sleep } from 'node:timers/promises'

import { GetActivityResponse, RebuildActivityResponse } from '@holdfast/contracts/audit'

import { Client, expectStatus } from './client'
import { CliProblem } from './problem'
import type { Settings } from './settings'

/** Between two looks at how far it is, in ms. */
const lookMs = 500

/** Has the activity figures made again, and waits until they are shown. */
export async function rebuildActivity({ url, admin }: Settings, say: (line: string) => void): Promise<void> {
  const client = new Client(url, say)
  let token = await client.logIn(admin)
  const begun = await client.call('POST', '/v1/activity:rebuild', { token, body: {} })
  expectStatus(begun, [200], 'begin the rebuild')
  const { projection: ours, replayed } = RebuildActivityResponse.fromJSON(begun.body)
  if (ours === undefined) throw new CliProblem('the answer does not say what was begun')
  say(`generation ${ours.generation} ${replayed ? 'was begun already' : 'is begun'}, from ${ours.headSequence} audit records`)
  for (;;) {
    let reply = await client.call('GET', '/v1/activity?bucket=DAY', { token })
    if (reply.status === 401) {
      // A long log outlives a token.
      token = await client.logIn(admin)
      reply = await client.call('GET', '/v1/activity?bucket=DAY', { token })
    }
    expectStatus(reply, [200], 'look how far it is')
    const { projection, rebuilding } = GetActivityResponse.fromJSON(reply.body)
    if (projection !== undefined && projection.generation >= ours.generation) {
      say(`generation ${projection.generation} is shown, made of ${projection.sequence} audit records`)
      return
    }
    if (rebuilding !== undefined) say(`${rebuilding.sequence} of ${rebuilding.headSequence}`)
    await sleep(lookMs)
  }
}
