import { connect, type Socket } from 'node:net'

import type { Outcome } from './caller'
import { HttpReplyReader } from './http-reply'

/**
 * One keep-alive connection with one request under way at most. A socket and a few lines of HTTP in place of a client
 * library: the generator shares two or four cores with what it measures, and a library takes several times as much of them.
 */
export class Connection {
  private socket: Socket | undefined
  private reader = new HttpReplyReader()
  private waiting: ((outcome: Outcome) => void) | undefined

  constructor(
    private readonly host: string,
    private readonly port: number,
  ) {}

  /** Opens it, so that no request pays for that. */
  async open(): Promise<void> {
    if (this.socket !== undefined) return
    const socket = connect({ host: this.host, port: this.port, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    this.use(socket)
  }

  /** @param request a whole HTTP request, latin1 */
  send(request: string, done: (outcome: Outcome) => void): void {
    this.waiting = done
    if (this.socket === undefined) this.use(connect({ host: this.host, port: this.port, noDelay: true }))
    this.socket?.write(request, 'latin1')
  }

  close(): void {
    this.socket?.destroy()
  }

  private use(socket: Socket): void {
    this.socket = socket
    this.reader = new HttpReplyReader()
    let error = 'the connection was closed'
    socket.on('error', (cause) => {
      error = cause.message
    })
    socket.on('close', () => {
      if (this.socket === socket) this.socket = undefined
      this.settle({ error })
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        const reply = this.reader.push(chunk)
        if (reply !== undefined) this.settle(reply)
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause)
        socket.destroy()
      }
    })
  }

  private settle(outcome: Outcome): void {
    const done = this.waiting
    this.waiting = undefined
    done?.(outcome)
  }
}
