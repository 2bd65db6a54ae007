import { isUtf8 } from 'node:buffer'

import { type DescMessage, fromBinary } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { HoldfastError, invalidField } from '@holdfast/service'

import { mostValues, parseJson } from '../json-text'

/** Before each message of gRPC-web and of Connect's streams: a byte of flags, and the length in four. */
const prefixBytes = 5

/**
 * Looks at a request before connect-es does, which takes bytes that are no message for our fault, and has no bound for how much is
 * in them. It is one message: no RPC that we serve takes a stream of them. As in JSON, what is compressed is refused: how large it
 * is nobody could tell before it is unpacked.
 * @param type the content type, of a binary protocol where it came in text form
 * @throws INVALID_ARGUMENT
 */
export function checkBody(input: DescMessage, type: string, header: Headers, bytes: Buffer): void {
  const framed = /^application\/(grpc-web|connect)/.test(type)
  const flags = framed ? (bytes[0] ?? 0) : 0
  const encoding = header.get('content-encoding') ?? 'identity'
  if ((flags & 1) === 1 || (encoding !== 'identity' && !framed)) throw invalidField('body', 'must not be compressed')
  if (framed && (bytes.length < prefixBytes || bytes.length !== prefixBytes + bytes.readUInt32BE(1))) {
    throw invalidField('body', 'is not one whole message')
  }
  const message = framed ? bytes.subarray(prefixBytes) : bytes
  if (/[/+]json\b/.test(type)) {
    if (!isUtf8(message)) throw invalidField('body', 'is not UTF-8')
    parseJson(message.toString('utf8'))
  } else {
    checkBinary(input, message)
  }
}

function checkBinary(input: DescMessage, message: Buffer): void {
  try {
    if (countValues(input, message, mostValues) <= mostValues) {
      fromBinary(input, message)
      return
    }
  } catch (error) {
    const fields = [{ field: 'body', message: `is no ${input.name}` }]
    throw new HoldfastError('INVALID_ARGUMENT', `body: is no ${input.name}`, { fields, cause: error })
  }
  throw invalidField('body', `has more than ${mostValues} values`)
}

/**
 * How many fields are in a message and in the messages within it, those that nobody knows with them. No request has a map, or packed
 * numbers.
 * @param most beyond so many it counts no further
 * @throws Error for bytes that are no message
 */
function countValues({ fields }: DescMessage, bytes: Uint8Array, most: number): number {
  const reader = new BinaryReader(bytes)
  let count = 0
  /** How many groups are open: what is in them is counted, and nobody knows it. */
  let groups = 0
  while (reader.pos < reader.len && count <= most) {
    const [number, wireType] = reader.tag()
    count++
    if (wireType === WireType.StartGroup) groups++
    else if (wireType === WireType.EndGroup) groups--
    else if (wireType === WireType.LengthDelimited) {
      const inner = reader.bytes()
      const field = groups === 0 ? fields.find((one) => one.number === number) : undefined
      if (field?.message !== undefined) count += countValues(field.message, inner, most - count)
    } else reader.skip(wireType, number)
  }
  return count
}
