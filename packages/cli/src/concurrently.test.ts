import { setImmediate as turn } from 'node:timers/promises'

import { concurrently } from './concurrently'

describe('concurrently', () => {
  it('keeps the order of the items and never does more at a time than allowed', async () => {
    let running = 0
    let most = 0
    const results = await concurrently([5, 1, 4, 2, 3], 2, async (item) => {
      most = Math.max(most, ++running)
      for (let turns = 0; turns < item; turns++) await turn()
      running--
      return item * 10
    })
    expect(results).toEqual([50, 10, 40, 20, 30])
    expect(most).toBe(2)
  })

  it('begins nothing more after a failure, and passes it on', async () => {
    const begun: number[] = []
    const work = concurrently([1, 2, 3, 4], 1, async (item) => {
      begun.push(item)
      await turn()
      if (item === 2) throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(begun).toEqual([1, 2])
  })

  it('has nothing to do for no items', async () => {
    expect(await concurrently([], 5, async () => Promise.resolve(1))).toEqual([])
  })
})
