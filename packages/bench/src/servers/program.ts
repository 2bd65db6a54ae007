import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a reservation request asks for, as far as these servers look at it. */
export interface ReserveBody {
  lines: { sku: string; quantity: number }[]
  ttlSeconds?: number
}

export interface Reply {
  status: number
  body: unknown
}

export const outOfStock: Reply = { status: 409, body: { code: 'INSUFFICIENT_STOCK', detail: 'Not enough stock' } }

/** A plain node:http server for POST with a JSON body; answers its port. */
export async function serveJson(handle: (body: ReserveBody, request: IncomingMessage) => Promise<Reply>): Promise<number> {
  const server = createServer((request, response) => {
    void readBody(request)
      .then(async (text) => handle(JSON.parse(text) as ReserveBody, request))
      .catch((error: unknown): Reply => ({ status: 500, body: { detail: String(error) } }))
      .then(({ status, body }) => {
        const text = JSON.stringify(body)
        response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        response.end(text)
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', 1024, resolve)
  })
  return (server.address() as AddressInfo).port
}

async function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (text += chunk))
    request.on('end', () => resolve(text))
    request.on('error', reject)
  })
}

/** Runs one of the bench's server programs: starts it, tells the parent its port, and ends with the parent. */
export function runProgram(start: () => Promise<number>): void {
  process.once('disconnect', () => process.exit())
  // Ctrl-C is the bench's to handle, which stops its servers.
  process.on('SIGINT', () => undefined)
  start().then(
    (port) => process.send?.({ port }),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      process.exit(1)
    },
  )
}

/** A setting that the parent always gives. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
