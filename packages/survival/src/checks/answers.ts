import type { Check } from './check'

/** No fault is answered by INTERNAL, which means a bug, and in the end everybody is told something. */
export const answers: Check = {
  name: 'every answer is clear',
  run: async ({ history }) => {
    const problems = history.flatMap(({ id, call, outcome, attempts }) => [
      ...(outcome === 'unknown' ? [`${id}: ${call.do} was never answered; last ${attempts.at(-1)?.code}`] : []),
      ...attempts
        .filter(({ code }) => code === 'INTERNAL')
        .map(({ at, requestId }) => `${id}: ${call.do} was told INTERNAL at ${new Date(at).toISOString()}, request ${requestId}`),
    ])
    return Promise.resolve({ looked: `${history.reduce((sum, { attempts }) => sum + attempts.length, 0)} requests`, problems })
  },
}
