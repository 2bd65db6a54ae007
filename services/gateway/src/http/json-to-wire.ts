/** A request's JSON straight into protobuf's wire format, as long as all of it is plain: in nearly every request it is. */
import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf'

import { findField, isPlainMessage } from './fields'
import { isJsonObject } from './json-problems'
import { wire } from './wire-cursor'

/**
 * @returns undefined for what the parser has to judge: what is wrong, and what is right but rare (proto names, numbers as texts,
 *   negative ones, null, times)
 */
export function jsonToWire(message: DescMessage, json: JsonObject): Buffer | undefined {
  writer.clear()
  return writeMessage(message, json) ? writer.written() : undefined
}

/** @returns false: not all of it is plain */
function writeMessage(message: DescMessage, json: JsonObject): boolean {
  for (const key of Object.keys(json)) {
    const field = findField(message, key)
    // By one of its two names alone a field can't be there twice.
    if (field === undefined || key !== field.jsonName || field.oneof !== undefined) return false
    if (!writeField(field, json[key])) return false
  }
  return true
}

function writeField(field: DescField, value: JsonValue | undefined): boolean {
  switch (field.fieldKind) {
    case 'message':
      return writeInner(field.number, field.message, value)
    case 'list': {
      const { number, message, scalar } = field
      if (!Array.isArray(value)) return false
      if (message !== undefined) return value.every((item) => writeInner(number, message, item))
      return scalar === ScalarType.STRING && value.every((item) => writeText(number, item))
    }
    case 'enum':
      return writeNumber(field.number, field.enum.values.find(({ name }) => name === value)?.number, 0x7fff_ffff)
    case 'scalar':
      if (field.scalar === ScalarType.STRING) return writeText(field.number, value)
      if (field.scalar === ScalarType.BOOL) return typeof value === 'boolean' && writeNumber(field.number, Number(value), 1)
      return writeNumber(field.number, value, largest.get(field.scalar) ?? -1)
    case 'map':
      return false
  }
}

function writeInner(number: number, message: DescMessage, value: JsonValue | undefined): boolean {
  if (!isJsonObject(value) || !isPlainMessage(message)) return false
  const start = writer.open(number)
  const plain = writeMessage(message, value)
  writer.close(start)
  return plain
}

function writeText(number: number, value: JsonValue | undefined): boolean {
  if (typeof value !== 'string' || !value.isWellFormed()) return false
  const start = writer.open(number)
  writer.utf8(value)
  writer.close(start)
  return true
}

function writeNumber(number: number, value: JsonValue | undefined, most: number): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) return false
  writer.varint(number * 8 + wire.varint)
  writer.varint(value)
  return true
}

const largest = new Map<ScalarType, number>([
  [ScalarType.INT32, 0x7fff_ffff],
  [ScalarType.UINT32, 0xffff_ffff],
  [ScalarType.INT64, Number.MAX_SAFE_INTEGER],
  [ScalarType.UINT64, Number.MAX_SAFE_INTEGER],
])

/** Bytes that grow. */
class WireWriter {
  private bytes = Buffer.alloc(4_096)
  private at = 0

  clear(): void {
    this.at = 0
  }

  written(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at))
  }

  varint(value: number): void {
    this.reserve(10)
    while (value > 0x7f) {
      this.bytes[this.at++] = (value % 0x80) + 0x80
      value = Math.floor(value / 0x80)
    }
    this.bytes[this.at++] = value
  }

  utf8(text: string): void {
    this.reserve(text.length * 3)
    this.at += this.bytes.write(text, this.at, 'utf8')
  }

  /** Begins what is written with its length before it; as a rule that is one byte. @returns for `close` */
  open(number: number): number {
    this.varint(number * 8 + wire.bytes)
    this.reserve(1)
    return ++this.at
  }

  close(start: number): void {
    const end = this.at
    let more = 0
    for (let length = end - start; length > 0x7f; length = Math.floor(length / 0x80)) more++
    this.reserve(more)
    if (more > 0) this.bytes.copyWithin(start + more, start, end)
    this.at = start - 1
    this.varint(end - start)
    this.at = end + more
  }

  private reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const larger = Buffer.alloc(Math.max(this.bytes.length * 2, this.at + more))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }
}

/** One for all: a request is written in one go. */
const writer = new WireWriter()
