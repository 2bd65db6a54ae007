/** Requests by gRPC-web and Connect: their frames, flags, lengths and texts, right and broken. */
import { fromJsonString, toBinary } from '@bufbuild/protobuf'
import type { RpcDescriptor } from '@holdfast/contracts'
import fc, { type Arbitrary } from 'fast-check'

/** What a request is but for its address and its credentials. */
export interface RpcMessage {
  headers: Record<string, string>
  body: Buffer
}

type Kind = 'plain' | 'framed' | 'text'

/** Content types with the form of what comes with them; those that no protocol has come with any. */
const types: Record<Kind, readonly string[]> = {
  plain: ['application/json', 'application/proto', 'application/json; charset=utf-8', 'APPLICATION/PROTO'],
  framed: [
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpc-web+json',
    'application/connect+proto',
    'application/connect+json',
  ],
  text: ['application/grpc-web-text', 'application/grpc-web-text+proto', 'Application/gRPC-Web-Text'],
}
const foreignTypes = [
  '',
  'application/grpc',
  'application/grpc+proto',
  'application/grpc-web+xml',
  'application/grpc-web-text+json',
  'application/connect',
  'application/connect+',
  'application/x-protobuf',
  'application/json; charset=utf-16',
  'text/plain',
]

/** @param json texts of the request message, right and not */
export function rpcMessageOf(rpc: RpcDescriptor, json: Arbitrary<Buffer>): Arbitrary<RpcMessage> {
  return fc.constantFrom<Kind>('plain', 'framed', 'framed', 'text').chain((kind) =>
    fc
      .record({
        type: mostly(fc.constantFrom(...types[kind]), fc.constantFrom(...foreignTypes, ...Object.values(types).flat())),
        json,
        bytes: fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)),
        isMessage: mostly(fc.constant(true), fc.constant(false)),
        frame: framing,
        spell: mostly(fc.constant<Spelling>('right'), fc.constantFrom(...spellings)),
        headers: protocolHeaders,
      })
      .map(({ type, json: text, bytes, isMessage, frame, spell, headers }) => {
        const message = !isMessage ? bytes : /json/i.test(type) ? text : binaryOf(rpc, text, bytes)
        const framed = kind === 'plain' ? message : frame(message)
        return { headers: { ...headers, 'content-type': type }, body: kind === 'text' ? base64Of(framed, spell) : framed }
      }),
  )
}

/** Of a text that is no message, other bytes. */
function binaryOf({ desc }: RpcDescriptor, text: Buffer, other: Buffer): Buffer {
  try {
    return Buffer.from(toBinary(desc.input, fromJsonString(desc.input, text.toString('utf8'))))
  } catch {
    return other
  }
}

/** A frame has a byte of flags (compressed 1, Connect's end 2, gRPC-web's trailers 0x80), four of length, and so many bytes. */
function frameOf(flags: number, length: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(flags, 0)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, bytes])
}

const right = (bytes: Buffer): Buffer => frameOf(0, bytes.length, bytes)
const trailers = frameOf(0x80, 15, Buffer.from('grpc-status:0\r\n'))
const endOfStream = frameOf(2, 2, Buffer.from('{}'))

const framing: Arbitrary<(bytes: Buffer) => Buffer> = mostly(
  fc.constant(right),
  fc.oneof(
    fc.constantFrom(
      (bytes: Buffer) => bytes,
      () => Buffer.alloc(0),
      (bytes: Buffer) => right(bytes).subarray(0, 4),
      (bytes: Buffer) => right(bytes).subarray(0, -1),
      (bytes: Buffer) => Buffer.concat([right(bytes), right(bytes)]),
      (bytes: Buffer) => Buffer.concat([right(bytes), trailers]),
      (bytes: Buffer) => Buffer.concat([trailers, right(bytes)]),
      (bytes: Buffer) => Buffer.concat([right(bytes), endOfStream]),
      () => trailers,
      () => endOfStream,
    ),
    fc.tuple(fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0x81, 0xff), fc.constantFrom(0, 1, -1, 5, 2 ** 31, 2 ** 32 - 1)).map(
      ([flags, more]) =>
        (bytes: Buffer) =>
          frameOf(flags, Math.min(Math.max(bytes.length + more, 0), 2 ** 32 - 1), bytes),
    ),
  ),
)

const spellings = ['right', 'unpadded', 'overpadded', 'padded within', 'two texts', 'url', 'lines', 'none', 'cut'] as const
type Spelling = (typeof spellings)[number]

function base64Of(bytes: Buffer, spelling: Spelling): Buffer {
  const text = bytes.toString('base64')
  const half = Math.floor(bytes.length / 2)
  const inTwo = [bytes.subarray(0, half), bytes.subarray(half)].map((part) => part.toString('base64'))
  const spelt: Record<Spelling, string> = {
    right: text,
    unpadded: text.replaceAll('=', ''),
    overpadded: `${text}=`,
    'padded within': `${text.slice(0, 2)}==${text.slice(2)}`,
    'two texts': inTwo.join(''),
    url: bytes.toString('base64url'),
    lines: text.replaceAll(/.{1,8}/g, '$&\r\n'),
    none: bytes.toString('latin1'),
    cut: text.slice(0, -1),
  }
  return Buffer.from(spelt[spelling], 'latin1')
}

/** What the protocols say in headers; most say nothing. */
const protocolHeaders: Arbitrary<Record<string, string>> = fc
  .record({
    'grpc-encoding': seldom('identity', 'gzip', 'br', 'x', ''),
    'grpc-accept-encoding': seldom('gzip', 'identity', 'x', ''),
    'connect-content-encoding': seldom('identity', 'gzip', 'br', 'x', ''),
    'connect-accept-encoding': seldom('gzip', 'x', ''),
    'connect-protocol-version': seldom('1', '1', '2', ''),
    'grpc-timeout': seldom('10S', '10S', '1n', '0S', '-1S', '99999999H', '100000000S', 'x', ''),
    'connect-timeout-ms': seldom('10000', '10000', '1', '0', '-1', '9999999999', '99999999999', 'x', ''),
    'x-grpc-web': seldom('1', '0'),
    te: seldom('trailers'),
  })
  .map((headers) =>
    Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  )

function seldom(...values: string[]): Arbitrary<string | undefined> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) })
}

function mostly<T>(usual: Arbitrary<T>, other: Arbitrary<T>): Arbitrary<T> {
  return fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: other })
}
