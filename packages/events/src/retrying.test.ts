import pino from 'pino'

import { backoffMs, Retrying } from './retrying'

test('waits grow with the failures in a row, up to a limit', () => {
  expect(backoffMs(1)).toBeLessThanOrEqual(100)
  expect(backoffMs(4)).toBeGreaterThanOrEqual(400)
  expect(backoffMs(1_000)).toBeLessThanOrEqual(5_000)
})

test('what goes on failing is logged when it begins and when it works again', () => {
  const lines: string[] = []
  const log = pino({}, { write: (line) => lines.push(line) })
  const retrying = new Retrying(log, 'publishing events')
  retrying.succeeded()
  for (let n = 0; n < 3; n++) retrying.failed(new Error('no broker'))
  retrying.succeeded()
  retrying.succeeded()
  expect(lines).toHaveLength(2)
  expect(lines[0]).toContain('publishing events fails')
  expect(lines[1]).toContain('publishing events works again')
})
