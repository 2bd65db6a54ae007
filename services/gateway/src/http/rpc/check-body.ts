import { isUtf8 } from 'node:buffer'

import { type DescMessage, fromBinary } from '@bufbuild/protobuf'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { HoldfastError, invalidField } from '@holdfast/service'

import { mostValues, parseJson } from '../json-text'

/** Before each message of gRPC-web and of Connect's streams: a byte of flags, and the length in four. */
const prefixBytes = 5

/**
 * Looks at a request before connect-es does, which takes bytes that are no message for our fault, and has no bound for how much is
 * in them. As in JSON, what is compressed is refused: how large it is nobody could tell before it is unpacked.
 * @param type the content type, of a binary protocol where it came in text form
 * @throws INVALID_ARGUMENT
 */
export function checkBody(input: DescMessage, type: string, header: Headers, bytes: Buffer): void {
  const framed = /^application\/(grpc-web|connect)/.test(type)
  const flags = framed ? (bytes[0] ?? 0) : 0
  const encoding = header.get('content-encoding') ?? 'identity'
  if ((flags & 1) === 1 || (encoding !== 'identity' && !framed)) throw invalidField('body', 'must not be compressed')
  const message = framed
    ? bytes.subarray(prefixBytes, prefixBytes + (bytes.length < prefixBytes ? 0 : bytes.readUInt32BE(1)))
    : bytes
  if (/[/+]json\b/.test(type)) {
    if (!isUtf8(message)) throw invalidField('body', 'is not UTF-8')
    parseJson(message.toString('utf8'))
  } else {
    checkBinary(input, message)
  }
}

function checkBinary(input: DescMessage, message: Buffer): void {
  try {
    const reader = new BinaryReader(message)
    let fields = 0
    while (reader.pos < reader.len && fields <= mostValues) {
      const [number, wireType] = reader.tag()
      reader.skip(wireType, number)
      fields++
    }
    if (fields <= mostValues) {
      fromBinary(input, message)
      return
    }
  } catch (error) {
    const fields = [{ field: 'body', message: `is no ${input.name}` }]
    throw new HoldfastError('INVALID_ARGUMENT', `body: is no ${input.name}`, { fields, cause: error })
  }
  throw invalidField('body', `has more than ${mostValues} values`)
}
