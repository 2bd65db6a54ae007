import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  status: number
  /** In lower case, each with its value. */
  headers: Map<string, string>
  body: string
}

/** A connection by which bytes are sent as they are. */
export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  // Who is refused may be cut off in the middle of a write.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Sends bytes, and answers all that comes back until the other side closes. */
export async function talk(port: number, bytes: string | Buffer): Promise<RawAnswer[]> {
  const socket = await open(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.write(bytes)
  await once(socket, 'close')
  return parse(Buffer.concat(chunks))
}

/** A request with the headers that every one needs, and what the test wants beside them. */
export function request(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: shop.example', ...headers, '', body].join('\r\n')
}

/** @throws Error where what came is no sequence of whole answers */
function parse(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at)
    const [line = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1])
    if (end < 0 || Number.isNaN(status)) throw new Error(`no answer: ${JSON.stringify(bytes.toString('latin1', at, at + 200))}`)
    const headers = new Map(
      lines.map((text) => [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 2)]),
    )
    at = end + 4 + Number(headers.get('content-length') ?? 0)
    if (at > bytes.length) throw new Error('an answer was cut off')
    answers.push({ status, headers, body: bytes.toString('utf8', end + 4, at) })
  }
  return answers
}
