import { isLoopbackHost, isLoopbackTarget, isLoopbackUrl } from './loopback'

test.each(['127.0.0.1', '127.8.9.1', 'localhost', 'LocalHost', '::1', '[::1]'])('%s stays on this machine', (host) => {
  expect(isLoopbackHost(host)).toBe(true)
})

test.each(['0.0.0.0', '::', '[::]', '10.0.0.1', 'inventory', 'localhost.example.com', '127.0.0.1.example.com', '127.evil', ''])(
  '%j may not',
  (host) => {
    expect(isLoopbackHost(host)).toBe(false)
  },
)

test.each([
  'localhost:1',
  'dns:///localhost:50051',
  'ipv4:127.0.0.1:1,127.0.0.2:2',
  'ipv6:[::1]:50051',
  'unix:/run/x',
  '[::1]:1',
])('the target %s stays on this machine', (target) => {
  expect(isLoopbackTarget(target)).toBe(true)
})

test.each([
  'inventory:1',
  'dns:///inventory:1',
  'dns://127.0.0.1/inventory:1',
  'ipv4:127.0.0.1:1,10.0.0.2:2',
  '10.0.0.1:1',
  '[fe80::1]:1',
])('the target %s may not', (target) => {
  expect(isLoopbackTarget(target)).toBe(false)
})

test('a URL is judged by its host, whatever stands before it', () => {
  expect(isLoopbackUrl('http://127.0.0.1:8080/keys')).toBe(true)
  expect(isLoopbackUrl('http://[::1]/keys')).toBe(true)
  expect(isLoopbackUrl('http://127.0.0.1@evil.example/keys')).toBe(false)
})
