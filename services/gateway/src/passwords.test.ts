import * as argon2 from '@node-rs/argon2'

import { checkLength, checkPassword, createPasswords } from './passwords'

jest.mock('@node-rs/argon2', () => {
  const real = jest.requireActual<typeof argon2>('@node-rs/argon2')
  return { ...real, verify: jest.fn(real.verify) }
})

const passwords = createPasswords()
const inTime = () => Date.now() + 30_000

test('a hash is argon2id with the cost that OWASP asks for, and fits its password alone', async () => {
  const hash = await passwords.hash('correct horse', inTime())
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await passwords.verify(hash, 'correct horse', inTime())).toBe(true)
  expect(await passwords.verify(hash, 'correct horsf', inTime())).toBe(false)
  expect(await passwords.verify(hash, 'x'.repeat(10_000), inTime())).toBe(false)
})

test('two hashes of one password differ', async () => {
  const hashes = await Promise.all([passwords.hash('correct horse', inTime()), passwords.hash('correct horse', inTime())])
  expect(new Set(hashes).size).toBe(2)
})

test('for nobody as much is computed as for somebody, and it is never right', async () => {
  jest.mocked(argon2.verify).mockClear()
  expect(await passwords.verify(undefined, 'nobody', inTime())).toBe(false)
  expect(argon2.verify).toHaveBeenCalledWith(expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/), 'nobody')
})

test('a password is the same however its accents are put together', async () => {
  const hash = await passwords.hash('caf\u00e9-caf\u00e9', inTime())
  expect(await passwords.verify(hash, 'cafe\u0301-cafe\u0301', inTime())).toBe(true)
  expect(await passwords.verify(hash, '\uff43\uff41f\u00e9-caf\u00e9', inTime())).toBe(true)
  // All of it counts.
  expect(await passwords.verify(hash, ' caf\u00e9-caf\u00e9', inTime())).toBe(false)
})

test('a hash that nobody waits for any more is not made', async () => {
  await expect(passwords.hash('correct horse', Date.now() - 1)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
})

test('many at once wait for one another, and one too many is told so', async () => {
  const settled = await Promise.allSettled(
    Array.from({ length: 210 }, async () => passwords.verify(undefined, 'x', Date.now() + 300)),
  )
  const codes = settled.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok'))
  expect(new Set(codes)).toContain('OVERLOADED')
  expect(codes.filter((code) => code === 'OVERLOADED').length).toBeLessThan(20)
})

test.each(['', 'short', '123456789', 'x'.repeat(257)])('%j is no password', (password) => {
  expect(() => checkLength(password)).toThrow('password: must have 10 to 256 characters')
})

test('characters are counted, not bytes', () => {
  checkLength('🔑'.repeat(10))
  checkLength('ü'.repeat(256))
})

test("what may be somebody's is long enough, and nothing that would be guessed", async () => {
  await checkPassword('a long enough password', 'ada@shop.example')
  await expect(checkPassword('too short', 'ada@shop.example')).rejects.toThrow('password: must have 10 to 256 characters')
  await expect(checkPassword('password1234', 'ada@shop.example')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: [{ field: 'password', message: expect.stringContaining('tried first') as string }],
  })
})
