import { isOk, renderChecks } from './report'

describe('renderChecks', () => {
  it('says for each number what was expected, what was found and whether that is right', () => {
    const checks = [
      { what: 'units sold', expected: 17341, found: 17341 },
      { what: 'books balance', expected: true, found: false },
      { what: "the winner's reservation", expected: 'EXPIRED', found: 'EXPIRED' },
    ]
    expect(renderChecks(checks)).toBe(
      [
        'what                      expected  found    ok?',
        '------------------------  --------  -------  -----',
        'units sold                17,341    17,341   ok',
        'books balance             yes       no       WRONG',
        "the winner's reservation  EXPIRED   EXPIRED  ok",
      ].join('\n'),
    )
    expect(checks.map(isOk)).toEqual([true, false, true])
  })

  it('does not take a text for the number that it looks like', () => {
    expect(isOk({ what: 'x', expected: 3, found: '3' })).toBe(false)
  })
})
