/** The streams that this process has open: no more than it can bear, from nobody more than their share, none after a stop. */
import type { ServerResponse } from 'node:http'

import { gauge, HoldfastError } from '@holdfast/service'

import { ClientGoneError } from './body'

export interface StreamLimits {
  /** At once in this process. */
  most: number
  /** At once of one address; 0: as many as there may be. */
  mostPerAddress: number
}

const open = gauge('http_streams_open', 'Streams that are being sent')

export class StreamGate {
  private readonly controllers = new Set<AbortController>()
  private readonly byAddress = new Map<string, number>()
  private ending: HoldfastError | undefined

  constructor(private readonly limits: StreamLimits) {
    open.set(0)
  }

  /**
   * @param address whose stream it is
   * @returns aborted when the client goes away (with a ClientGoneError), and at the end of this process (with UNAVAILABLE)
   * @throws RATE_LIMITED, OVERLOADED, UNAVAILABLE
   */
  enter(response: ServerResponse, address: string): AbortSignal {
    if (this.ending !== undefined) throw this.ending
    const { most, mostPerAddress } = this.limits
    const own = this.byAddress.get(address) ?? 0
    if (mostPerAddress > 0 && own >= mostPerAddress) {
      const message = `There are ${own} streams of your address open already`
      throw new HoldfastError('RATE_LIMITED', message, { retryAfterMs: 10_000 })
    }
    if (this.controllers.size >= most) throw new HoldfastError('OVERLOADED', 'Too many streams are open', { retryAfterMs: 5_000 })
    const controller = new AbortController()
    this.controllers.add(controller)
    this.byAddress.set(address, own + 1)
    open.set(this.controllers.size)
    const leave = (): void => {
      if (!this.controllers.delete(controller)) return
      controller.abort(new ClientGoneError('the client went away'))
      const left = (this.byAddress.get(address) ?? 1) - 1
      if (left > 0) this.byAddress.set(address, left)
      else this.byAddress.delete(address)
      open.set(this.controllers.size)
    }
    response.on('close', leave)
    if (response.destroyed) leave()
    return controller.signal
  }

  /** Every stream ends, and a new one is refused: whoever reads finds another gateway. */
  end(): void {
    this.ending = new HoldfastError('UNAVAILABLE', 'This gateway stops; the stream can be had again')
    for (const controller of this.controllers) controller.abort(this.ending)
  }
}
