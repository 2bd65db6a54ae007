/** gRPC-web's text form: the same bytes in base64, for clients that can't read bytes as they come (XMLHttpRequest). */
import { invalidField } from '@holdfast/service'

const textType = /^application\/grpc-web-text(\+proto)?$/i

/** @returns the binary type that a text type stands for; undefined: it is none */
export function binaryTypeOf(contentType: string): string | undefined {
  return textType.test(contentType) ? 'application/grpc-web+proto' : undefined
}

/** A body may be several texts in base64, each with its padding. @throws INVALID_ARGUMENT for what is no base64 */
export function decodeBase64(body: Buffer): Buffer {
  const text = body.toString('latin1')
  const parts = text.match(/[A-Za-z0-9+/]+={0,2}/g) ?? []
  if (parts.join('') !== text || parts.some((part) => part.length % 4 !== 0)) throw invalidField('body', 'is not base64')
  return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')))
}

/** Each piece by itself, so that a reader has every message when it is whole. */
export async function* encodeBase64(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const piece of pieces) yield Buffer.from(piece).toString('base64')
}
