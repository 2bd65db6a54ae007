/** Bodies that are not JSON: what an RPC takes and gives as google.api.HttpBody goes through as it is. */
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { HttpBody } from '@holdfast/contracts'
import { errorCodes, HoldfastError, type Logger } from '@holdfast/service'

import type { StreamReply } from './stream-reply'

/** The whole message, or one field of it. */
export type HttpBodyPlace = '*' | DescField

export interface RawBody {
  /** The header Content-Type; empty: there is none. */
  contentType: string
  data: Uint8Array
}

/** What RFC 9110 (8.3) has clients think of a body that does not say what it is. */
const unknownType = 'application/octet-stream'

/** A download goes out in slices of so many bytes at most: each has a time of its own, so a client that is slow and reads is not cut off. */
const sliceBytes = 64 * 1024

/** @param place what a rule of google.api.http calls the body: the whole message, one of its fields, or nothing */
export function httpBodyPlace(message: DescMessage, place: HttpBodyPlace | undefined): HttpBodyPlace | undefined {
  const body = place === '*' ? message : place?.fieldKind === 'message' ? place.message : undefined
  return body?.typeName === 'google.api.HttpBody' ? place : undefined
}

/** In the wire format, to stand behind the bytes of the other fields. */
export function rawToWire(place: HttpBodyPlace, { contentType, data }: RawBody): Uint8Array {
  const body = HttpBody.encode({ contentType, data, extensions: [] }).finish()
  return place === '*' ? body : new BinaryWriter().tag(place.number, WireType.LengthDelimited).bytes(body).finish()
}

export function rawFromWire(place: HttpBodyPlace, bytes: Uint8Array): RawBody {
  const { contentType, data } = HttpBody.decode(place === '*' ? bytes : lastOf(place, bytes))
  return { contentType: contentType === '' ? unknownType : contentType, data }
}

function lastOf(field: DescField, bytes: Uint8Array): Uint8Array {
  const reader = new BinaryReader(bytes)
  let found: Uint8Array = new Uint8Array()
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (number === field.number && wireType === WireType.LengthDelimited) found = reader.bytes()
    else reader.skip(wireType)
  }
  return found
}

/**
 * A stream of bodies is one body in pieces, of the type of the first; its error breaks it off, as there is no other way to say that
 * it is not whole.
 * @throws HoldfastError when the stream does not begin
 */
export async function download(
  place: HttpBodyPlace,
  messages: AsyncIterable<Uint8Array>,
  { requestId, stallMs, log }: { requestId: string; stallMs: number; log: Logger },
): Promise<StreamReply> {
  const each = messages[Symbol.asyncIterator]()
  const start = await each.next()
  const first = start.done === true ? { contentType: unknownType, data: new Uint8Array() } : rawFromWire(place, start.value)
  const headers = { 'content-type': first.contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return { status: 200, headers, pieces: pieces(), lasts: true, stallMs }

  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      yield* slicesOf(first.data)
      for (let next = await each.next(); next.done !== true; next = await each.next()) {
        yield* slicesOf(rawFromWire(place, next.value).data)
      }
    } catch (error) {
      const { code, cause, message } = HoldfastError.from(error)
      if (errorCodes[code].http >= 500) log.error({ requestId, code, err: cause }, message)
      throw error
    } finally {
      await each.return?.()
    }
  }
}

function* slicesOf(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += sliceBytes) yield data.subarray(at, at + sliceBytes)
}
