/** The checker by itself, on histories of one register that are known to be right or wrong. */
import { explain, type HistoryEvent, type Model } from './checker'

type Call = { write: number } | 'read'
type Event = HistoryEvent<Call, number>

/** A write answers what it wrote. */
const register: Model<number, 'start', Call, number> = {
  initial: 0,
  firstStage: 'start',
  steps: (state, _stage, { call, answer }) => {
    const after = call === 'read' ? state : call.write
    return answer === undefined || answer === after ? [{ state: after, answered: true }] : []
  },
  byItself: () => [],
}

/** `w1(` a write of 1 begins, `)w` ends; a read `r(` ends with what it read: `)r1`. Names tell concurrent ones apart: `w1:a(`. */
function history(text: string): Event[] {
  const operations = new Map<string, number>()
  return text.split(' ').map((word, at): Event => {
    const [, kind = '', value = '', name = ''] = /^\)?([wr])(-?\d*):?(\w*)\(?$/.exec(word) ?? []
    const key = `${kind}${name}`
    if (!word.startsWith(')')) {
      operations.set(key, at)
      return { kind: 'call', operation: at, client: 0, at, call: kind === 'r' ? 'read' : { write: Number(value) } }
    }
    return { kind: 'answer', operation: operations.get(key) ?? -1, at, answer: Number(value) }
  })
}

test.each([
  ['nothing at all', 'r( )r0'],
  ['one after the other', 'w1( )w1 r( )r1'],
  ['a read during a write may see it or not', 'w1( r:a( )r0:a r:b( )r1:b )w1'],
  ['two writes at once take effect in either order', 'w1:a( w2:b( )w1:a )w2:b r( )r1'],
  ['a write that nobody knows of may have taken effect', 'w1( r( )r1'],
  ['... or not', 'w1( r( )r0'],
  ['... or does so late', 'w1( r:a( )r0:a w2:b( )w2:b r:c( )r2:c r:d( )r1:d'],
])('%s: explained', (_name, text) => {
  expect(explain(register, history(text))).toMatchObject({ explained: true })
})

test.each([
  ['a stale read', 'w1( )w1 r( )r0', 3],
  ['a lost update', 'w1:a( )w1:a w2:b( )w2:b r( )r1', 5],
  ['a value from nowhere', 'w1( )w1 r( )r7', 3],
  ['new, then old', 'w1( r:a( )r1:a r:b( )r0:b )w1', 4],
  ['a write that was seen twice, with another in between', 'w1( r:a( )r1:a w2:b( )w2:b r:c( )r1:c', 6],
])('%s: not explained, at the answer that shows it', (_name, text, event) => {
  expect(explain(register, history(text))).toMatchObject({ explained: false, event })
})

test('an effect in two steps may be seen between them, and a change by itself at any time before it is asked for', () => {
  const inSteps: Model<number, 'start' | 'half', Call, number> = {
    initial: 0,
    firstStage: 'start',
    steps: (state, stage, request) => {
      if (request.call === 'read') return register.steps(state, 'start', request)
      return stage === 'start' ? [{ state: request.call.write - 1, stage: 'half' }] : register.steps(state, 'start', request)
    },
    // A 5 becomes a 6 from the tenth event on.
    byItself: (state, until) => (state === 5 && until >= 10 ? [6] : []),
  }
  expect(explain(inSteps, history('w3( r:a( )r2:a r:b( )r3:b )w3'))).toMatchObject({ explained: true })
  expect(explain(inSteps, history('w3( )w3 r( )r2'))).toMatchObject({ explained: false })
  const idle = 'r( )r5 r( )r5 r( )r5'
  expect(explain(inSteps, history(`w5( )w5 ${idle} r( )r6`))).toMatchObject({ explained: false })
  expect(explain(inSteps, history(`w5( )w5 ${idle} r( )r5 r( )r6 r( )r6`))).toMatchObject({ explained: true })
  expect(explain(inSteps, history(`w5( )w5 ${idle} r( )r5 r( )r6 r( )r5`))).toMatchObject({ explained: false })
})

test('what may have happened in too many ways is neither right nor wrong', () => {
  const restless: Model<number, 'start', Call, number> = { ...register, byItself: (state) => [state + 1] }
  expect(explain(restless, history('r( )r-1'))).toEqual({ explained: 'undecided' })
})
