import { normaliseEmail } from './email'

test.each([
  ['  Ann@Example.COM ', 'ann@example.com'],
  ['ann+tag@example.co.uk', 'ann+tag@example.co.uk'],
  ['admin@localhost', 'admin@localhost'],
  ['jörg@müller.de', 'jörg@müller.de'],
])('%j is stored as %s', (text, email) => {
  expect(normaliseEmail(text)).toBe(email)
})

test.each([
  '',
  ' ',
  'ann',
  '@example.com',
  'ann@',
  'ann@@example.com',
  'a b@example.com',
  'ann@example..com',
  'ann@.com',
  'a\u0000b@example.com',
  `${'a'.repeat(65)}@x.de`,
  `a@${'x'.repeat(254)}`,
])('%j is no address', (text) => {
  expect(() => normaliseEmail(text)).toThrow(/^email: /)
})
