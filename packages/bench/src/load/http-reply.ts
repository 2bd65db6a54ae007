/** The replies on one connection, one at a time, framed by content-length as every system that is measured does it. */
export class HttpReplyReader {
  private text = ''

  /** @returns the reply's status and body once it is whole; throws when it is framed in another way */
  push(chunk: Buffer): { status: number; body: string } | undefined {
    this.text = this.text === '' ? chunk.toString('latin1') : this.text + chunk.toString('latin1')
    const headEnd = this.text.indexOf('\r\n\r\n')
    if (headEnd < 0) return undefined
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.text.slice(0, headEnd))?.[1]
    if (length === undefined) throw new Error(`a reply without content-length: ${this.text.slice(0, 200)}`)
    const end = headEnd + 4 + Number(length)
    if (this.text.length < end) return undefined
    const reply = { status: Number(this.text.slice(9, 12)), body: this.text.slice(headEnd + 4, end) }
    this.text = this.text.slice(end)
    return reply
  }
}
