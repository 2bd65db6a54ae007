import { PagedSource, readToOfAll } from './pages'

const source = (ids: string[], pageSize: number) =>
  new PagedSource(
    async (afterId, limit) => Promise.resolve(ids.filter((id) => id > afterId).slice(0, limit)),
    (id: string) => id,
    pageSize,
  )

test.each([1, 2, 3, 100])('every row comes once and beside those of its id, in pages of %i', async (pageSize) => {
  const rows = ['abcdefghij', 'acegi', 'bjk', ''].map((ids) => ids.split(''))
  const sources = rows.map((ids) => source(ids, pageSize))
  const windows: string[][][] = []
  for (;;) {
    await Promise.all(sources.map(async (one) => one.fill()))
    if (sources.every(({ done }) => done)) break
    const readTo = readToOfAll(sources)
    windows.push(sources.map((one) => one.take(readTo)))
  }
  expect(sources.map((_, index) => windows.flatMap((window) => window[index] ?? []))).toEqual(rows)
  expect(sources.map(({ count }) => count)).toEqual(rows.map(({ length }) => length))
  for (const id of 'abcdefghijk') {
    expect(windows.filter((window) => window.some((ids) => ids.includes(id)))).toHaveLength(1)
  }
})
