import { waitFor } from './wait-for'

test('hands back what the check found', async () => {
  let calls = 0
  const found = await waitFor(() => (++calls < 3 ? undefined : { calls }), { what: 'the third call' })
  expect(found).toEqual({ calls: 3 })
})

test('says what it waited for, and the last error of the check', async () => {
  const check = () => {
    throw new Error('connection refused')
  }
  await expect(waitFor(check, { timeoutMs: 20, what: 'the gateway' })).rejects.toThrow(
    'waited 20 ms in vain for the gateway: connection refused',
  )
})
