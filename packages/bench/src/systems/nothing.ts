import { startChild } from './child'
import { type BenchSystem, noTokens } from './system'

export const nothing: BenchSystem = {
  name: 'nothing',
  title: 'a server that does nothing',
  start: async () => {
    const server = await startChild('nothing')
    return {
      targets: { http: { kind: 'http', url: `http://127.0.0.1:${server.port}` } },
      prepare: async () => Promise.resolve(noTokens),
      stop: async () => server.kill(),
    }
  },
}
