import { castFile, hastened } from './cast'

test('a recording is a file of a head and an event on each line', () => {
  const events = [
    { at: 0, text: '$ ' },
    { at: 1_250, text: 'ü\u001B[31m\r\n' },
  ]
  const lines = castFile({ columns: 80, rows: 24, title: 'A tour', events }).split('\n')
  expect(lines.map((line) => (line === '' ? '' : (JSON.parse(line) as unknown)))).toEqual([
    { version: 2, width: 80, height: 24, title: 'A tour' },
    [0, 'o', '$ '],
    [1.25, 'o', 'ü\u001B[31m\r\n'],
    '',
  ])
})

test('what runs for too long passes faster, and what is around it as it was', () => {
  const events = [0, 1_000, 6_000, 11_000, 12_000, 12_500, 13_000].map((at) => ({ at, text: `${at}` }))
  const stretches = [
    { from: 1_000, until: 11_000 },
    { from: 12_000, until: 13_000 },
  ]
  expect(hastened(events, stretches, 2_000).map(({ at }) => at)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 4_500, 5_000])
  expect(hastened(events, stretches, 2_000).map(({ text }) => text)).toEqual(events.map(({ text }) => text))
})
