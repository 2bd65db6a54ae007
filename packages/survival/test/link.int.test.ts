import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { waitFor } from '@holdfast/testing'

import { Random } from '../src/random'
import { Link } from '../src/cluster/link'

let echo: Server
let link: Link
/** What the echo has sent back. */
let echoed: string
beforeEach(async () => {
  echoed = ''
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => socket.write(chunk, () => (echoed += String(chunk))))
    socket.on('end', () => socket.end())
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  link = await Link.open('test', (echo.address() as { port: number }).port)
})
afterEach(() => {
  link.close()
  echo.close()
})

async function dial(): Promise<Socket> {
  const socket = connect({ port: link.port, host: '127.0.0.1' })
  await once(socket, 'connect')
  return socket
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

test('in fair weather bytes and ends go through, both ways', async () => {
  const socket = await dial()
  socket.end('hello')
  expect(await textOf(socket)).toBe('hello')
})

test('what is cut waits, and comes in its order when the link heals', async () => {
  link.set({ is: 'cut', way: 'back' })
  const socket = await dial()
  const heard: string[] = []
  socket.on('data', (chunk) => heard.push(String(chunk)))
  socket.write('one ')
  await waitFor(() => echoed === 'one ', { what: 'the echo to have said it' })
  expect(heard).toEqual([])
  socket.end('two')
  link.set({ is: 'fair' })
  await once(socket, 'end')
  expect(heard.join('')).toBe('one two')
})

test('a slow link gives nothing early, and nothing in another order', async () => {
  link.set({ is: 'slow', delayMs: 100 })
  const started = performance.now()
  const socket = await dial()
  for (const word of ['a', 'b', 'c']) socket.write(word)
  socket.end()
  expect(await textOf(socket)).toBe('abc')
  expect(performance.now() - started).toBeGreaterThan(190)
})

test('a link that is slow, then fair again, gives nothing in another order while its process is busy', async () => {
  const socket = await dial()
  socket.setNoDelay(true)
  const words = Array.from({ length: 200 }, (_, index) => `${index} `)
  const writing = async () => {
    for (const [index, word] of words.entries()) {
      link.set(index % 4 === 0 ? { is: 'slow', delayMs: 5 } : { is: 'fair' })
      socket.write(word)
      await sleep(1)
      // Timers that are due by now come late, after what has just arrived.
      for (const until = performance.now() + (index % 7); performance.now() < until;);
    }
    socket.end()
  }
  const [text] = await Promise.all([textOf(socket), writing()])
  expect(text).toBe(words.join(''))
})

test('a lossy link resets a connection', async () => {
  link.set({ is: 'lossy', resets: 1, random: new Random(1, 'loss') })
  const socket = await dial()
  socket.write('hello')
  const [error] = (await once(socket, 'error').catch((error: unknown) => [error])) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
})

test('where nobody listens a caller is told so', async () => {
  echo.close()
  await once(echo, 'close')
  const socket = connect({ port: link.port, host: '127.0.0.1' })
  const [error] = (await once(socket, 'error').catch((error: unknown) => [error])) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
})
