/**
 * Decides whether a history of concurrent calls can be explained by a sequential model: whether each call can be thought to
 * take effect at moments between its invocation and its answer, in an order in which the model gives the same answers
 * (M. Herlihy, J. Wing, "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 1990).
 *
 * The search is that of J. Wing and C. Gong ("Testing and Verifying Concurrent Objects", JPDC 1993), in the just-in-time
 * form of G. Lowe ("Testing for Linearizability", CCPE 2017), as Knossos has it too: event by event, with the set of all
 * configurations that are possible so far. A call takes effect as late as its answer allows, others only before it where
 * that may help. Equal configurations are kept once, which is the memory that Porcupine and Lowe add to Wing and Gong.
 *
 * Two things are more than in those papers. A call may take effect in several steps (a cancel gives units back in one
 * database, then notes it in another), and a state may change by itself (time passes, a worker works).
 */

/** A moment between two times, ms since 1970. */
export interface Interval {
  from: number
  to: number
}

export type HistoryEvent<Call, Answer> =
  | { kind: 'call'; operation: number; client: number; at: number; call: Call }
  /** A call without one: nobody knows whether it took effect, or will. */
  | { kind: 'answer'; operation: number; at: number; answer: Answer }

export interface Request<Call, Answer> {
  call: Call
  /** Undefined: never known. */
  answer: Answer | undefined
  /** When the step happens. */
  between: Interval
}

/** What a step of a call leads to: its next stage, or its answer. */
export type Step<State, Stage> = { state: State; stage: Stage } | { state: State; answered: true }

/** States and stages are plain values, never changed in place. */
export interface Model<State, Stage, Call, Answer> {
  initial: State
  firstStage: Stage
  /** All that the call may do next; an answer only where it is the one that was given. */
  steps(state: State, stage: Stage, request: Request<Call, Answer>): Step<State, Stage>[]
  /** What may happen by itself until then. */
  byItself(state: State, until: number): State[]
  /**
   * The same state without what no call can tell apart any more, neither one that is under way nor one that begins from now on: the fewer states
   * differ, the longer a history can be. What is left has to allow all that the whole did.
   */
  settled?(state: State, underWay: readonly UnderWay<Call>[], now: number): State
}

export interface UnderWay<Call> {
  call: Call
  /** When it began. */
  at: number
}

export type Verdict<State> =
  | { explained: true; configurations: number }
  /** There are too many ways in which it may have happened. */
  | { explained: 'undecided' }
  /** The event that nothing explains, and the states that were possible before it. */
  | { explained: false; event: number; before: State[] }

interface Configuration<State, Stage> {
  state: State
  /** Calls under way: how far each has come. */
  underWay: ReadonlyMap<number, Stage | typeof answered>
}

const answered = 'answered, and not yet told'
/** Some seconds; one small history in hundreds has more, where several payments are under way all the time. */
const usualMost = 60_000

/**
 * @param events in the order in which they were seen
 * @param most so many configurations are looked at before it gives up
 */
export function explain<State, Stage, Call, Answer>(
  model: Model<State, Stage, Call, Answer>,
  events: readonly HistoryEvent<Call, Answer>[],
  most = usualMost,
): Verdict<State> {
  const requests = requestsOf(events)
  let current: Configuration<State, Stage>[] = [{ state: model.initial, underWay: new Map() }]
  let seen = 0
  for (const [index, event] of events.entries()) {
    if (event.kind === 'call') {
      current = current.map(({ state, underWay }) => ({
        state,
        underWay: new Map(underWay).set(event.operation, model.firstStage),
      }))
      continue
    }
    const reached = reach(model, current, event, requests, most - seen)
    if (reached === undefined) return { explained: 'undecided' }
    seen += reached.length
    const told = reached.filter(({ underWay }) => underWay.get(event.operation) === answered)
    if (told.length === 0) return { explained: false, event: index, before: current.map(({ state }) => state) }
    current = distinct(
      told.map(({ state, underWay }) => settled(model, state, without(underWay, event.operation), requests, event.at)),
    )
  }
  return { explained: true, configurations: seen }
}

interface Asked<Call, Answer> {
  call: Call
  at: number
  answer: Answer | undefined
}

function requestsOf<Call, Answer>(events: readonly HistoryEvent<Call, Answer>[]): Map<number, Asked<Call, Answer>> {
  const requests = new Map<number, Asked<Call, Answer>>()
  for (const event of events) {
    if (event.kind === 'call') requests.set(event.operation, { call: event.call, at: event.at, answer: undefined })
    else {
      const request = requests.get(event.operation)
      if (request === undefined) throw new Error(`an answer to ${event.operation}, which nobody called`)
      request.answer = event.answer
    }
  }
  return requests
}

/** Every configuration from which nothing more has to happen for this answer, and all on the way there. @returns undefined: too many */
function reach<State, Stage, Call, Answer>(
  model: Model<State, Stage, Call, Answer>,
  from: Configuration<State, Stage>[],
  event: { operation: number; at: number },
  requests: Map<number, Asked<Call, Answer>>,
  most: number,
): Configuration<State, Stage>[] | undefined {
  const reached = new Map(from.map((configuration) => [keyOf(configuration), configuration]))
  for (const configuration of reached.values()) {
    if (configuration.underWay.get(event.operation) === answered) continue
    if (reached.size > most) return undefined
    for (const next of following(model, configuration, event.at, requests)) {
      const key = keyOf(next)
      // A map walks over what is added on the way, too.
      if (!reached.has(key)) reached.set(key, next)
    }
  }
  return [...reached.values()]
}

function following<State, Stage, Call, Answer>(
  model: Model<State, Stage, Call, Answer>,
  { state, underWay }: Configuration<State, Stage>,
  now: number,
  requests: Map<number, Asked<Call, Answer>>,
): Configuration<State, Stage>[] {
  const bySteps = [...underWay].flatMap(([operation, stage]) => {
    const request = requests.get(operation)
    if (stage === answered || request === undefined) return []
    const { call, answer, at } = request
    return model.steps(state, stage, { call, answer, between: { from: at, to: now } }).map((step) => ({
      state: step.state,
      underWay: new Map(underWay).set(operation, 'answered' in step ? answered : step.stage),
    }))
  })
  return [...bySteps, ...model.byItself(state, now).map((changed) => ({ state: changed, underWay }))]
}

function settled<State, Stage, Call, Answer>(
  model: Model<State, Stage, Call, Answer>,
  state: State,
  underWay: ReadonlyMap<number, Stage | typeof answered>,
  requests: Map<number, Asked<Call, Answer>>,
  now: number,
): Configuration<State, Stage> {
  if (model.settled === undefined) return { state, underWay }
  const asked = [...underWay].flatMap(([operation, stage]) => (stage === answered ? [] : (requests.get(operation) ?? [])))
  return { state: model.settled(state, asked, now), underWay }
}

function distinct<State, Stage>(configurations: Configuration<State, Stage>[]): Configuration<State, Stage>[] {
  return [...new Map(configurations.map((configuration) => [keyOf(configuration), configuration])).values()]
}

function keyOf<State, Stage>({ state, underWay }: Configuration<State, Stage>): string {
  return JSON.stringify([state, [...underWay]])
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Map<Key, Value> {
  const left = new Map(map)
  left.delete(key)
  return left
}
