/** Somebody outside: an HTTP server that takes webhooks, and mail. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'

import type { Shop } from './shop'

export interface Delivery {
  /** As `webhook-id` has it. */
  id: string
  type: string
  subject: string
  version: number
  data: { before?: Record<string, unknown>; after: Record<string, unknown> }
  /** As it was sent. */
  raw: string
}

export interface Receiver {
  /** Everything that came, in order, repeats too. */
  deliveries: Delivery[]
  /** Registers an endpoint here for these types. */
  register(shop: Shop, eventTypes: string[]): Promise<void>
  close(): Promise<void>
}

/** Takes what is signed for the endpoint that it came to. */
export async function openReceiver(): Promise<Receiver> {
  const secrets = new Map<string, string>()
  const deliveries: Delivery[] = []
  const server = createServer((request, response) => {
    let raw = ''
    request.setEncoding('utf8').on('data', (part: string) => (raw += part))
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const delivery = verified(secrets.get(request.url ?? '') ?? '', raw, headers)
      if (delivery === undefined) {
        response.writeHead(401).end()
        return
      }
      deliveries.push(delivery)
      response.writeHead(204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    deliveries,
    register: async (shop, eventTypes) => {
      const path = `/${secrets.size}`
      const url = `http://127.0.0.1:${port}${path}`
      const { status, body } = await shop.admin.post<{ secret: string }>('/v1/webhooks/endpoints', { url, eventTypes })
      if (status !== 201) throw new Error(`no endpoint: ${status} ${JSON.stringify(body)}`)
      secrets.set(path, body.secret)
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function verified(secret: string, raw: string, headers: Record<string, string>): Delivery | undefined {
  try {
    const { id, type, subject, aggregateversion, data } = new Webhook(secret).verify(raw, headers) as Omit<
      Delivery,
      'version'
    > & {
      aggregateversion: string
    }
    return id === headers['webhook-id'] ? { id, type, subject, version: Number(aggregateversion), data, raw } : undefined
  } catch {
    return undefined
  }
}

export interface Mail {
  to: string
  text: string
  messageId: string
}

export interface MailServer {
  /** For `SMTP_URL`. */
  url: string
  mails: Mail[]
  close(): Promise<void>
}

export async function openMailServer(): Promise<MailServer> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      let text = ''
      stream.on('data', (part: Buffer) => (text += part.toString()))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join()
        mails.push({ to, text, messageId: /^Message-ID: (.*)$/im.exec(text)?.[1] ?? '' })
        done()
      })
    },
  })
  // A client that was killed.
  server.on('error', () => undefined)
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    mails,
    close: async () =>
      new Promise<void>((resolve) => {
        server.close(resolve)
      }),
  }
}
