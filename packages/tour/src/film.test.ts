import { filmOf } from './film'
import { svgOf } from './svg'

const filmed = async (...events: [at: number, text: string][]) =>
  filmOf({ columns: 40, rows: 3, title: 'A tour', events: events.map(([at, text]) => ({ at, text })) })

/** Line, text, from, until; runs are apart by |. */
const seen = ({ shown }: Awaited<ReturnType<typeof filmed>>) =>
  shown.map(({ line, runs, from, until }) => [line, runs.map(({ text }) => text).join('|'), from, until])

describe('a recording as a film', () => {
  test('has each state of a line once, with its time', async () => {
    const film = await filmed([0, '$ '], [200, 'ls'], [400, '\r\na  b\r\n'], [600, '\u001B[1A\u001B[0Kc'])
    expect(seen(film)).toEqual([
      [0, '$', 0, 200],
      [1, 'a|b', 400, 600],
      [0, '$ ls', 200, undefined],
      [1, 'c', 600, undefined],
    ])
    expect(film.endsAt).toBe(600)
  })

  test('is one page over which the window moves', async () => {
    const film = await filmed([0, '1\r\n2\r\n3'], [500, '\r\n4\r\n5'])
    expect(film.windows).toEqual([
      { line: 0, from: 0 },
      { line: 2, from: 500 },
    ])
    expect(seen(film).map(([line, text]) => [line, text])).toEqual([0, 1, 2, 3, 4].map((line) => [line, `${line + 1}`]))
  })

  test('takes changes together that no eye could tell apart', async () => {
    expect(seen(await filmed([0, 'a'], [30, 'b'], [60, 'c'], [300, 'd']))).toEqual([
      [0, 'abc', 60, 300],
      [0, 'abcd', 300, undefined],
    ])
  })

  test('knows the sixteen colours, bold and faint, and refuses others', async () => {
    const { shown } = await filmed([0, '\u001B[1;31mno\u001B[0m  \u001B[2mso\u001B[22m \u001B[92myes'])
    expect(shown[0]?.runs).toEqual([
      { column: 0, text: 'no', colour: 1, bold: true, faint: false },
      { column: 4, text: 'so', colour: undefined, bold: false, faint: true },
      { column: 7, text: 'yes', colour: 10, bold: false, faint: false },
    ])
    await expect(filmed([0, '\u001B[38;5;200mpink'])).rejects.toThrow('sixteen colours')
  })
})

describe('a film as a picture', () => {
  test('shows each state in its time, and for those who want no movement the last ones', async () => {
    const svg = svgOf(await filmed([0, '$ '], [2_000, 'a<b & "c"']), 'A "tour"')
    expect(svg).toContain('aria-label="A &quot;tour&quot;"')
    expect(svg).toMatch(/<text class="t0" y="15"><tspan x="0">\$<\/tspan><\/text>/)
    expect(svg).toMatch(/<text class="t1 z" y="15"><tspan x="0">\$ a&lt;b &amp; &quot;c&quot;<\/tspan><\/text>/)
    // Two seconds, and six of rest.
    expect(svg).toContain('@keyframes t0{0%{visibility:visible}25%,to{visibility:hidden}}')
    expect(svg).toContain('@keyframes t1{25%,to{visibility:visible}}')
    expect(svg).toMatch(/prefers-reduced-motion:reduce\)\{text,\.w\{animation:none\}\.z\{visibility:visible\}\}/)
  })

  test('moves its lines as the window moves, and ends where that ended', async () => {
    const svg = svgOf(await filmed([0, '1\r\n2\r\n3'], [2_000, '\r\n4']), 'A tour')
    expect(svg).toContain(
      '.w{animation-name:w;transform:translateY(-20px)}' +
        '@keyframes w{0%{transform:translateY(0px)}25%{transform:translateY(-20px)}to{transform:translateY(-20px)}}',
    )
    expect(svg).toContain('<text class="t1 z" y="75">')
  })
})
