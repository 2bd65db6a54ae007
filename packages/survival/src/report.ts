import { faultKinds } from './faults/fault'
import type { Survival } from './survive'

/** What was done, what went wrong on purpose, and what was found: lines for people. */
export function report({ history, schedule, struck, outcomes }: Survival): string[] {
  const attempts = history.flatMap((operation) => operation.attempts)
  const count = (outcome: string) => attempts.filter((attempt) => attempt.outcome === outcome).length
  const rows: [string, string][] = [
    ['calls', `${history.length}, in ${attempts.length} requests`],
    ['requests answered', `${count('ok')} done, ${count('refused')} refused, ${count('not yet')} not yet`],
    ['requests with an unknown outcome', String(count('unknown'))],
    ...byKind(history.map(({ call }) => call.do)).map(([kind, number]): [string, string] => [`  ${kind}`, String(number)]),
    ['faults', `${struck.length}, of ${schedule.length} that were drawn`],
    ...faultKinds.flatMap((kind): [string, string][] => {
      const number = struck.filter(({ fault }) => fault.kind === kind).length
      return number === 0 ? [] : [[`  ${kind}`, String(number)]]
    }),
    ...outcomes.map(({ name, outcome }): [string, string] => [
      name,
      `${outcome.problems.length === 0 ? 'yes' : `NO, ${outcome.problems.length} problems`} (${outcome.looked})`,
    ]),
  ]
  const width = Math.max(...rows.map(([title]) => title.length))
  return [
    ...rows.map(([title, value]) => `${title.padEnd(width)}  ${value}`),
    ...outcomes.flatMap(({ name, outcome }) => outcome.problems.map((problem) => `PROBLEM, ${name}: ${problem}`)),
  ]
}

function byKind(kinds: readonly string[]): [string, number][] {
  return [...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]): [string, number] => [kind, all.length]).sort()
}
