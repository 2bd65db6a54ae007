import { easyToGuess } from './easy-passwords'

const email = 'ada.lovelace+shop@analytical.example'

test.each([
  ['one of the list', '1q2w3e4r5t'],
  ['one of the list in capitals', 'BASKETBALL'],
  ['one of the list in full-width letters', 'ｂａｓｋｅｔｂａｌｌ'],
  ['one of the list with spaces around it', '  basketball '],
  ['a common word with digits and signs around it', '!!Password2026'],
  ['a common word said twice', 'welcomewelcome'],
  ['a common word with a sign, said again and again', 'dragon!dragon!dragon!'],
  ['one character', 'zzzzzzzzzzzz'],
  ['a few characters again and again', 'xkq7xkq7xkq7'],
  ['letters in their order', 'cdefghijklmn'],
  ['digits backwards', '98765432109'.slice(0, 10)],
  ["the host's name", 'Analytical1815'],
  ['the name of what this is', 'Holdfast-2026'],
])('%s is tried first', async (_what, password) => {
  expect(await easyToGuess(password, email)).toContain('tried first')
})

test.each(['my LOVELACE of old', 'ada.lovelace+shop', 'to the shop I go', 'ｌｏｖｅｌａｃｅ ladies'])(
  'what stands before the @ is in %j',
  async (password) => {
    expect(await easyToGuess(password, email)).toContain('e-mail address')
  },
)

test.each([
  'a long enough password',
  'correct horse',
  'Trombone glacier 7',
  'analytical engines hum',
  'ada and no other',
  '83 52 19 07 46',
  '4f7a1be2-0c5d-4e83-9a61-7d2f05b8c3aa',
  'пароль от сердца',
  '🔑🗝🔐🔒🔓🗄🚪🛡🧿🪬',
])('%j is nothing that is known', async (password) => {
  expect(await easyToGuess(password, email)).toBeUndefined()
})

test.each(['a@b.example', '@', 'no address', 'x@localhost'])('the address %j has no words that count', async (short) => {
  expect(await easyToGuess('a password of some length', short)).toBeUndefined()
})
