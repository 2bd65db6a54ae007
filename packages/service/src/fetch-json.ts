import { get as getPlain, type IncomingMessage } from 'node:http'
import { get as getEncrypted } from 'node:https'
import { getCACertificates } from 'node:tls'

/** How long an answer may take, in ms. */
const timeoutMs = 3_000
/** And how long it may be, in bytes. */
const mostBytes = 1_048_576

/**
 * GET of a small JSON document. Unlike `fetch` it can trust a system's own authorities for this one call.
 * @param ca trusted beside the authorities of this machine, PEM
 * @throws Error for what is not answered with 200 and JSON, in time and not too long; nothing leads elsewhere
 */
export async function fetchJson(url: string, ca?: string): Promise<unknown> {
  const trust = url.startsWith('https:') && ca !== undefined ? { ca: [...getCACertificates('default'), ca] } : {}
  const get = url.startsWith('https:') ? getEncrypted : getPlain
  const body = await new Promise<string>((resolve, reject) => {
    const request = get(url, { ...trust, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      const { statusCode } = response
      if (statusCode === 200) {
        textOf(response).then(resolve, reject)
        return
      }
      response.resume()
      reject(new Error(`${url} answered ${statusCode}`))
    })
    request.on('error', reject)
  })
  return JSON.parse(body) as unknown
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    // Leaving the loop ends the connection.
    if (bytes > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
