import { checkUrl, guardedLookup, isPublic } from './targets'

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '192.0.2.1',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  '2002:7f00:1::',
  'ff02::1',
])('%s is not of the internet at large', (address) => {
  expect(isPublic(address)).toBe(false)
})

test.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:93.184.215.14'])('%s is', (address) => {
  expect(isPublic(address)).toBe(true)
})

test.each([
  ['http://shop.example/hook', 'must be https'],
  ['ftp://shop.example/hook', 'must be https'],
  ['https://user:secret@shop.example/', 'must not hold a user'],
  ['https://127.0.0.1/', 'private network'],
  ['https://2130706433/', 'private network'],
  ['https://0x7f.1/', 'private network'],
  ['https://[::1]/', 'private network'],
  ['https://[::ffff:169.254.169.254]/', 'private network'],
  ['shop.example', 'must be a URL'],
  [`https://shop.example/${'x'.repeat(2_000)}`, 'must be a URL'],
])('%s can not be registered', (url, why) => {
  expect(() => checkUrl(url, false)).toThrow(why)
})

test('a public URL can, and a private one where that is allowed', () => {
  expect(checkUrl('https://Shop.example/hook?a=1#part', false)).toBe('https://shop.example/hook?a=1')
  expect(checkUrl('http://127.0.0.1:8080/', true)).toBe('http://127.0.0.1:8080/')
})

/** What the connection is told, when the name means these addresses one after the other. */
async function connects(answers: string[][], all: boolean): Promise<unknown[]> {
  const left = [...answers]
  const lookup = guardedLookup(false, (_name, _options, done) =>
    done(
      null,
      (left.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ),
  )
  return Promise.all(
    answers.map(
      async () =>
        new Promise((resolve) =>
          lookup('hook.example', { all }, (error, address) => resolve(error === null ? address : error.message)),
        ),
    ),
  )
}

test('a name that means something else the second time is refused the second time', async () => {
  expect(await connects([['93.184.215.14'], ['127.0.0.1']], false)).toEqual([
    '93.184.215.14',
    'hook.example is 127.0.0.1, of a private network',
  ])
})

test('one private address among public ones refuses the name, also where the connection takes all of them', async () => {
  expect(await connects([['93.184.215.14', '::1'], ['93.184.215.14']], true)).toEqual([
    'hook.example is ::1, of a private network',
    [{ address: '93.184.215.14', family: 4 }],
  ])
})
