import { PassThrough } from 'node:stream'

import { createProgress } from './progress'

function output(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = ''
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, cursorTo: () => true, clearLine: () => true })
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text }
}

test('on a terminal a bar is drawn, and stands at what is done when its step ends', () => {
  const { stream, text } = output(true)
  const step = createProgress(stream).begin('checking, rows', 4)
  expect(text()).toMatch(/checking, rows +░+ 0\/4/)
  step.tick(3)
  step.tick()
  step.end()
  expect(text()).toMatch(/checking, rows +█+ 4\/4/)
})

test('elsewhere a step is one line, at its end', () => {
  const { stream, text } = output(false)
  const step = createProgress(stream).begin('checking, rows', 4)
  step.tick(3)
  expect(text()).toBe('')
  step.end()
  expect(text()).toMatch(/^ {2}checking, rows: 3 of 4 \(\d+\.\d s\)\n$/)
})
