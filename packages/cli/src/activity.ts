import { setTimeout as sleep } from 'node:timers/promises'

import type { Call } from './call'
import { CliProblem } from './problem'

/** Between two looks at how far it is, in ms. */
const lookMs = 500

/** Has the activity figures made again, and waits until they are shown. */
export async function rebuild({ client, out, signal }: Call): Promise<void> {
  const begun = await client.rebuildActivity({})
  const { projection: ours, replayed } = begun
  if (ours === undefined) throw new CliProblem('the answer does not say what was begun', 'fault')
  await out.say(
    begun,
    `generation ${ours.generation} ${replayed ? 'was begun already' : 'is begun'}, from ${ours.headSequence} audit records`,
  )
  for (;;) {
    const answer = await client.getActivity({ bucket: 'DAY' })
    const { projection, rebuilding } = answer
    if (projection !== undefined && projection.generation >= ours.generation) {
      return out.say(answer, `generation ${projection.generation} is shown, made of ${projection.sequence} audit records`)
    }
    if (rebuilding !== undefined) out.note(`${rebuilding.sequence} of ${rebuilding.headSequence}`)
    await sleep(lookMs, undefined, { signal })
  }
}
