import { oneLine, renderDetails, renderTable } from './table'

describe('renderTable', () => {
  it('puts columns of numbers to the right', () => {
    expect(
      renderTable(
        ['n', 'name'],
        [
          ['1', 'a'],
          ['1,000', 'b'],
        ],
      ),
    ).toBe(['    n  name', '-----  ----', '    1  a', '1,000  b'].join('\n'))
  })

  it('has a head without rows', () => {
    expect(renderTable(['n', 'name'], [])).toBe('n  name\n-  ----')
  })

  it('paints cells and the head, and counts no colour as width', () => {
    const paint = (text: string, tone: string) => `<${tone}>${text}</>`
    expect(renderTable(['status', 'n'], [[{ text: 'OK', tone: 'good' }, 1]], paint).split('\n')).toEqual([
      '<head>status</>  <head>n</>',
      '<faint>------</>  <faint>-</>',
      '<good>OK</>      1',
    ])
  })

  it('gives a wide letter two columns, and leaves nothing behind the last word of a row', () => {
    expect(
      renderTable(
        ['name', 'note'],
        [
          ['電話', ''],
          ['phone', 'x'],
        ],
      ),
    ).toBe('name   note\n-----  ----\n電話\nphone  x')
  })

  it('lets no text move the cursor', () => {
    const table = renderTable(['name'], [['\u001b[2J\u001b]0;title\u0007a\nb\r\u009bc']])
    expect(table.replaceAll('\n', '')).toMatch(/^\P{Cc}+$/u)
    expect(oneLine('a\n\tb')).toBe('a b')
  })
})

test('renderDetails leaves out what is not there', () => {
  expect(
    renderDetails([
      ['sku', 'A'],
      ['description', ''],
      ['low at', undefined],
      ['bundle', false],
    ]),
  ).toBe('sku     A\nbundle  no')
})
