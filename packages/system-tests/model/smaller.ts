import type { Action, Program } from './program'

/**
 * Programs that do a little less, those first that leave out most. Greedy: who finds one of them still failing goes on from
 * there (A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002, without its last step).
 */
export function* smallerPrograms(program: Program): Generator<Program> {
  for (const [client, actions] of program.clients.entries()) {
    for (let length = actions.length; length >= 1; length = Math.floor(length / 2)) {
      for (let from = actions.length - length; from >= 0; from -= length) {
        yield withActions(program, client, actions.toSpliced(from, length))
      }
    }
  }
  for (const [client, actions] of program.clients.entries()) {
    for (const [index, action] of actions.entries()) {
      if (action.afterEnd !== undefined)
        yield withActions(program, client, actions.with(index, { ...action, afterEnd: undefined }))
      if (action.meet) yield withActions(program, client, actions.with(index, { ...action, meet: false }))
      if (action.pause > 0) yield withActions(program, client, actions.with(index, { ...action, pause: 0 }))
    }
  }
}

function withActions(program: Program, client: number, actions: Action[]): Program {
  const clients = actions.length === 0 ? program.clients.toSpliced(client, 1) : program.clients.with(client, actions)
  return { ...program, clients }
}
