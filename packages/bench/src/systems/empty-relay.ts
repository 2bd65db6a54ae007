import { type Child, startChild } from './child'
import { type BenchSystem, noTokens } from './system'

/** The processes and protos of a reserve, HTTP -> gRPC -> gRPC, one call for each request, with nothing done in them. */
export const emptyRelay: BenchSystem = {
  name: 'empty-relay',
  title: 'the empty relay',
  start: async () => {
    const children: Child[] = []
    const start = async (program: string, env: Record<string, string>): Promise<Child> => {
      const child = await startChild(program, env)
      children.unshift(child)
      return child
    }
    const stop = async (): Promise<void> => {
      for (const child of children) await child.kill()
    }
    try {
      const inventory = await start('relay-inventory', {})
      const reservation = await start('relay-reservation', { INVENTORY_ADDR: `127.0.0.1:${inventory.port}` })
      const gateway = await start('relay-gateway', { RESERVATION_ADDR: `127.0.0.1:${reservation.port}` })
      return {
        targets: { http: { kind: 'http', url: `http://127.0.0.1:${gateway.port}` } },
        prepare: async () => Promise.resolve(noTokens),
        stop,
      }
    } catch (error) {
      await stop()
      throw error
    }
  },
}
