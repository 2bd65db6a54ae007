import { HttpReplyReader } from './http-reply'

const reply = (status: number, body: string) =>
  `HTTP/1.1 ${status} Whatever\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('a reply in one piece, in many, and the next on the same connection', () => {
  const reader = new HttpReplyReader()
  expect(reader.push(Buffer.from(reply(201, '{"a":1}')))).toEqual({ status: 201, body: '{"a":1}' })
  const bytes = [...Buffer.from(reply(409, '{"code":"INSUFFICIENT_STOCK"}'))]
  const answers = bytes.map((byte) => reader.push(Buffer.from([byte])))
  expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true)
  expect(answers.at(-1)).toEqual({ status: 409, body: '{"code":"INSUFFICIENT_STOCK"}' })
  expect(reader.push(Buffer.from(reply(200, '')))).toEqual({ status: 200, body: '' })
})

test('a reply that is framed in another way is an error', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
  expect(() => new HttpReplyReader().push(Buffer.from(chunked))).toThrow('without content-length')
})
