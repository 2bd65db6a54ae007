import { setTimeout as sleep } from 'node:timers/promises'

import { Api } from './api'
import { CliProblem } from './problem'
import type { Settings } from './settings'

/** Between two looks at how far it is, in ms. */
const lookMs = 500

/** Has the activity figures made again, and waits until they are shown. */
export async function rebuildActivity({ url, admin }: Settings, say: (line: string) => void): Promise<void> {
  const api = new Api(url, say)
  const client = await api.logIn(admin)
  const { projection: ours, replayed } = await api.must('begin the rebuild', client.rebuildActivity({}))
  if (ours === undefined) throw new CliProblem('the answer does not say what was begun')
  say(`generation ${ours.generation} ${replayed ? 'was begun already' : 'is begun'}, from ${ours.headSequence} audit records`)
  for (;;) {
    const { projection, rebuilding } = await api.must('look how far it is', client.getActivity({ bucket: 'DAY' }))
    if (projection !== undefined && projection.generation >= ours.generation) {
      say(`generation ${projection.generation} is shown, made of ${projection.sequence} audit records`)
      return
    }
    if (rebuilding !== undefined) say(`${rebuilding.sequence} of ${rebuilding.headSequence}`)
    await sleep(lookMs)
  }
}
