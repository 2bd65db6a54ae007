/** What is not as nearly all messages are: whoever reads leaves it to the parser, which knows everything. */
export const odd = new Error('left to the parser')

/** Wire types of protobuf. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** A place in a message of protobuf's wire format. */
export class WireCursor {
  at = 0
  private characters: string | undefined

  constructor(readonly bytes: Buffer) {}

  /** Bytes that are ASCII. They are cut out of one string for all of them: a call of native code for each costs more. */
  ascii(start: number, end: number): string {
    this.characters ??= this.bytes.toString('latin1')
    return this.characters.slice(start, end)
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw odd
    return byte
  }

  /** A number from 0 to 2^49 - 1. @throws odd for others, as negative ones */
  varint(): number {
    let byte = this.byte()
    let value = byte & 0x7f
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      if (factor > 2 ** 42) throw odd
      byte = this.byte()
      value += (byte & 0x7f) * factor
    }
    return value
  }

  /** Reads a length. @returns where that many bytes end */
  end(): number {
    const length = this.varint()
    const end = this.at + length
    if (end > this.bytes.length) throw odd
    return end
  }

  /** Passes over a field that nobody here knows. */
  skip(wireType: number): void {
    if (wireType === wire.varint) while (this.byte() >= 0x80);
    else if (wireType === wire.bytes) this.at = this.end()
    else if (wireType === wire.fixed64) this.at += 8
    else if (wireType === wire.fixed32) this.at += 4
    else throw odd
  }
}
