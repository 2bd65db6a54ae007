import { type CommandLine, createCommand, isWanted } from './options'

async function parse(...args: string[]): Promise<CommandLine> {
  let found: CommandLine | undefined
  const command = createCommand('docs/benchmarks', ['medusa'], async (commandLine) => {
    found = commandLine
    await Promise.resolve()
  })
  await command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync(args, { from: 'user' })
  if (found === undefined) throw new Error('nothing was run')
  return found
}

test('a whole run goes into the documents', async () => {
  const found = await parse()
  expect(found).toMatchObject({ only: [], peers: [], out: 'docs/benchmarks', render: false })
  expect(found.rounds).toBeGreaterThan(1)
  expect(found.soakMinutes).toBeUndefined()
})

test('a part of the figures, or quick ones, go nowhere unless a folder is named', async () => {
  expect((await parse('--only', 'closed-300')).out).toBeUndefined()
  expect((await parse('--quick')).out).toBeUndefined()
  expect((await parse('--quick', '--only', 'sale', '--out', 'there')).out).toBe('there')
})

test('a quick run is one round, and what is named wins over it', async () => {
  expect(await parse('--quick')).toMatchObject({ rounds: 1, seconds: 1 })
  expect(await parse('--quick', '--seconds', '0.5')).toMatchObject({ rounds: 1, seconds: 0.5 })
})

test('several scenarios, peers and a soak can be asked for', async () => {
  expect(await parse('--only', 'sale, holdfast/closed-*', '--peer', 'medusa', '--soak', '10')).toMatchObject({
    only: ['sale', 'holdfast/closed-*'],
    peers: ['medusa'],
    soakMinutes: 10,
  })
})

test.each([
  ['--rounds', '0', 'above 0'],
  ['--rounds', '1.5', 'whole number'],
  ['--seconds', 'few', 'above 0'],
  ['--only', 'sale,,crash', 'commas'],
  ['--peer', 'nobody', 'no peer nobody'],
  ['--soak', '60', 'at most'],
  ['--nonsense', '1', 'unknown option'],
])('%s %s is refused', async (name, value, why) => {
  await expect(parse(name, value)).rejects.toThrow(why)
})

test('a measurement is wanted by its scenario, its system, or both', () => {
  const wanted = (...only: string[]): boolean => isWanted('holdfast', 'closed-300', only)
  expect([wanted(), wanted('sale', 'closed-300'), wanted('holdfast'), wanted('holdfast/closed-300')]).not.toContain(false)
  expect([wanted('closed-*'), wanted('holdfast/*'), wanted('*/closed-300')]).not.toContain(false)
  expect([wanted('closed-3'), wanted('sale'), wanted('redis-*'), wanted('redis-lua/closed-300')]).not.toContain(true)
})
