import { faultPoint } from './fault-points'

test('a place does nothing, and a hook that comes after the load changes nothing', async () => {
  expect(faultPoint('inventory.held')).toBeUndefined()
  globalThis.holdfastFaultHook = async () => Promise.reject(new Error('armed'))
  try {
    expect(faultPoint('inventory.held')).toBeUndefined()
  } finally {
    globalThis.holdfastFaultHook = undefined
  }
})
