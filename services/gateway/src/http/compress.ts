/** Answers in fewer bytes, for clients that ask for it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

import { bestEncoding, type Encoding } from './negotiation'
import type { Reply } from './reply'

const zipped = promisify(gzip)
const brotli = promisify(brotliCompress)

/**
 * From so many bytes on: what fits one packet gains nothing. It also keeps answers that carry tokens, all of them small, as
 * they are: what is compressed together with a client's words can be guessed from its length.
 */
const smallest = 1_400

const compressible = /^(application\/(problem\+)?json|application\/javascript|text\/|image\/svg)/

/** Files that are served again and again are compressed once; answers to requests are strings, and are not kept. */
const kept = new WeakMap<Buffer, Map<Encoding, Promise<Buffer>>>()

/** Whether `compress` has something to do with a reply. */
export function isCompressible({ body, headers }: Reply): boolean {
  return body.length >= smallest && headers['content-encoding'] === undefined && compressible.test(headers['content-type'] ?? '')
}

/** The reply in the encoding that the request asks for; also says that it depends on what is asked. */
export async function compress(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<Reply> {
  const { body, headers } = reply
  const varies = { vary: [response.getHeader('vary'), headers['vary'], 'Accept-Encoding'].filter(Boolean).join(', ') }
  const encoding = bestEncoding(request.headers['accept-encoding'])
  if (encoding === undefined) return { ...reply, headers: { ...headers, ...varies } }
  const made = reply.encoded?.[encoding]
  const bytes =
    made ?? (typeof body === 'string' ? await encode(encoding, Buffer.from(body), 4) : await keptEncoding(encoding, body))
  return { ...reply, headers: { ...headers, ...varies, 'content-encoding': encoding }, body: bytes }
}

async function keptEncoding(encoding: Encoding, body: Buffer): Promise<Buffer> {
  const known = kept.get(body) ?? new Map<Encoding, Promise<Buffer>>()
  kept.set(body, known)
  const bytes = known.get(encoding) ?? encode(encoding, body, 9)
  known.set(encoding, bytes)
  return bytes
}

/** @param quality of 9: levels past 4 cost more time than they save bytes, where each answer is made anew */
async function encode(encoding: Encoding, bytes: Buffer, quality: number): Promise<Buffer> {
  if (encoding === 'gzip') return zipped(bytes, { level: quality })
  return brotli(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
}
