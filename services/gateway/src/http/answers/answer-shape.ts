import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

import { resolvePath } from '../query'
import { odd, WireCursor } from '../wire-cursor'
import { wireValue } from '../wire-to-json'

/** What has to be known of an answer to keep it, read from its bytes by the descriptors. */
export interface AnswerShape {
  /** @returns undefined for an answer that is not to be kept: it does not say what it shows */
  read(answer: Buffer): { name: string | undefined; version: number | undefined; bytes: Buffer } | undefined
  /** What was read, as the answer to another request. */
  withRequestId(bytes: Buffer, requestId: string): Buffer
}

/** @param name where an answer says what it shows, as `product.sku`; empty: it shows many @throws Error where it has no such field */
export function answerShape(output: DescMessage, name: string): AnswerShape {
  const namePath = name === '' ? undefined : resolvePath(output, name)
  if (name !== '' && namePath === undefined) throw new Error(`${output.typeName} has no field ${name}`)
  const versionPath = namePath && versionBeside(output, namePath)
  const requestIdNumber = output.fields.find((field) => field.name === 'request_id')?.number
  return {
    read: (answer) => {
      const named = namePath && wireValue(answer, namePath)
      const version = versionPath && wireValue(answer, versionPath)
      const bytes = copyWithout(answer, requestIdNumber)
      if (bytes === undefined || (namePath !== undefined && typeof named !== 'string')) return undefined
      return {
        name: named === undefined ? undefined : String(named),
        version: typeof version === 'number' ? version : undefined,
        bytes,
      }
    },
    withRequestId: (bytes, requestId) => {
      if (requestIdNumber === undefined) return bytes
      const field = new BinaryWriter().tag(requestIdNumber, WireType.LengthDelimited).string(requestId).finish()
      return Buffer.concat([bytes, field])
    },
  }
}

/** The field `version` of the message that the name is in. */
function versionBeside(output: DescMessage, namePath: readonly DescField[]): DescField[] | undefined {
  const resource = namePath.slice(0, -1)
  const message = resource.length === 0 ? output : resource.at(-1)?.message
  const version = message?.fields.find((field) => field.name === 'version' && field.scalar === ScalarType.INT32)
  return version && [...resource, version]
}

/** In memory of its own: what came may be a piece of a batch of hundreds, and would keep all of it alive. */
function copyWithout(message: Buffer, number: number | undefined): Buffer | undefined {
  const parts: [start: number, end: number][] = []
  const cursor = new WireCursor(message)
  try {
    while (cursor.at < message.length) {
      const start = cursor.at
      const tag = cursor.varint()
      cursor.skip(tag & 7)
      if (tag >>> 3 !== number) parts.push([start, cursor.at])
    }
  } catch (error) {
    if (error !== odd) throw error
    return undefined
  }
  const copy = Buffer.allocUnsafeSlow(parts.reduce((sum, [start, end]) => sum + end - start, 0))
  let at = 0
  for (const [start, end] of parts) at += message.copy(copy, at, start, end)
  return copy
}
