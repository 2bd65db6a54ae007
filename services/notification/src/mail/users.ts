import { AuthServiceService } from '@holdfast/contracts/auth'
import { createPeer, HoldfastError, type Logger, type PeerOptions, systemContext } from '@holdfast/service'

import { serviceName } from '../parts'

/** Where people are written to: events name them by id alone, and nothing of it is kept here. */
export interface Users {
  /** @returns undefined: there is no such user. @throws UNAVAILABLE and the like, to be tried again */
  addressOf(userId: string): Promise<string | undefined>
  close(): void
}

export function askGateway(address: string, by: Pick<PeerOptions, 'services' | 'tls'>, log: Logger): Users {
  const gateway = createPeer(AuthServiceService, { address, peer: 'gateway', ...by, log })
  return {
    addressOf: async (userId) => {
      try {
        return (await gateway.getUser({ id: userId }, systemContext(serviceName, log))).user?.email
      } catch (error) {
        if (error instanceof HoldfastError && (error.code === 'NOT_FOUND' || error.code === 'INVALID_ARGUMENT')) return undefined
        throw error
      }
    },
    close: () => gateway.close(),
  }
}
