import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

import type { JsonValue } from '@bufbuild/protobuf'
import { HoldfastError, invalidField } from '@holdfast/service'

import type { RawBody } from './http-body'
import { parseJson, parseJsonObject } from './json-text'

/** The client went away before it had its answer, or before its request was whole: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}

export interface BodyOptions {
  /** Most bytes of it. */
  limit: number
  /** Nothing at all stands for an object without fields. */
  optional: boolean
  /** It may be any JSON, not only an object. */
  value: boolean
}

/**
 * Reads a body that has to be JSON.
 * @throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT, ClientGoneError
 */
export async function readJsonBody(request: IncomingMessage, { limit, optional, value }: BodyOptions): Promise<JsonValue> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const bytes = await readBytes(request, limit)
  if (bytes.length === 0) {
    if (optional) return {}
    throw invalidField('body', value ? 'JSON is needed' : 'a JSON object is needed')
  }
  checkMediaType(request)
  if (!isUtf8(bytes)) throw invalidField('body', 'is not UTF-8')
  const text = bytes.toString('utf8')
  return value ? parseJson(text) : parseJsonObject(text)
}

/**
 * Reads a body that is taken as it is.
 * @param takes media types; any when empty
 * @throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, ClientGoneError
 */
export async function readRawBody(request: IncomingMessage, limit: number, takes: readonly string[]): Promise<RawBody> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const data = await readBytes(request, limit)
  checkEncoding(request)
  const contentType = request.headers['content-type'] ?? ''
  const [given = ''] = contentType.split(';')
  if (takes.length > 0 && !takes.includes(given.trim().toLowerCase())) {
    throw unsupported('Content-Type', `must be ${takes.join(' or ')}`)
  }
  return { contentType, data }
}

function checkEncoding(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw unsupported('Content-Encoding', 'a body must not be compressed')
  }
}

function checkMediaType(request: IncomingMessage): void {
  checkEncoding(request)
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?;?$/i.test(type)) {
    throw unsupported('Content-Type', 'must be application/json')
  }
}

/**
 * A whole body. What comes after the limit is read and dropped by Node, so that the client gets to read its answer.
 * @throws PAYLOAD_TOO_LARGE, ClientGoneError
 */
export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  // It would tell nobody any more.
  if (request.destroyed) throw new ClientGoneError('the request broke off')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else reject(tooLarge(limit))
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', (error) => reject(new ClientGoneError('the request broke off', { cause: error })))
    request.on('close', () => {
      // Closed after the end as well: an error is made only where it tells something.
      if (!request.complete) reject(new ClientGoneError('the request broke off'))
    })
  })
}

function unsupported(field: string, message: string): HoldfastError {
  return new HoldfastError('UNSUPPORTED_MEDIA_TYPE', `${field}: ${message}`, { fields: [{ field, message }] })
}

function tooLarge(limit: number): HoldfastError {
  const message = `may have at most ${limit} bytes`
  return new HoldfastError('PAYLOAD_TOO_LARGE', `body: ${message}`, { fields: [{ field: 'body', message }] })
}
