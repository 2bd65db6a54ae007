import { Webhook } from 'standardwebhooks'

import { newSecret, signedHeaders } from './sign'

const body = JSON.stringify({ type: 'holdfast.order.confirmed.v1', data: { name: 'Grüße, 世界' } })

test('verifies with the package of Standard Webhooks, under each secret of a rotation', () => {
  const [next, old] = [newSecret(), newSecret()]
  const headers = signedHeaders('5c2f7b1e', body, [next, old], new Date())
  for (const secret of [next, old]) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
})

test('does not verify under another secret, with another body, or when it is old', () => {
  const secret = newSecret()
  const headers = signedHeaders('5c2f7b1e', body, [secret], new Date())
  expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow('No matching signature')
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature')
  const old = signedHeaders('5c2f7b1e', body, [secret], new Date(Date.now() - 3_600_000))
  expect(() => new Webhook(secret).verify(body, old)).toThrow('timestamp')
})
