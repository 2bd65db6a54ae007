import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { createClientAddress, parseRanges } from './client-address'

const client = createClientAddress(parseRanges('10.0.0.0/8, 192.0.2.7, 2001:db8:1::/48, ::1'))

function request(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage
}

test.each([
  // From no proxy of ours, whatever is claimed.
  ['198.51.100.1', undefined, '198.51.100.1'],
  ['198.51.100.1', '203.0.113.9', '198.51.100.1'],
  ['::ffff:198.51.100.1', '203.0.113.9', '198.51.100.1'],
  // From one: whom it speaks with, and nobody named before that.
  ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
  ['192.0.2.7', '203.0.113.9', '203.0.113.9'],
  ['::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
  ['10.1.2.3', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['10.1.2.3', '1.1.1.1,203.0.113.9,10.9.9.9', '203.0.113.9'],
  ['10.1.2.3', '203.0.113.9, ::1, 2001:db8:1:7::1', '203.0.113.9'],
  ['10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
  ['10.1.2.3', '[2001:db8:2::1]:4711', '2001:db8:2::'],
  // Only proxies all the way: the farthest that is known.
  ['10.1.2.3', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  ['10.1.2.3', undefined, '10.1.2.3'],
  ['10.1.2.3', '', '10.1.2.3'],
  // What is no address ends the way.
  ['10.1.2.3', '203.0.113.9, unknown', '10.1.2.3'],
  ['10.1.2.3', '203.0.113.9, , 10.0.0.1', '10.0.0.1'],
  ['10.1.2.3', '1, 0x7f.1', '10.1.2.3'],
  ['10.1.2.3', `fe80::1%${'x'.repeat(10_000)}`, '10.1.2.3'],
  // IPv6 by the network of 64 bits that a customer has.
  ['2001:db8:2:3:4:5:6:7', undefined, '2001:db8:2:3::'],
  ['2001:db8:2:3::1', undefined, '2001:db8:2:3::'],
  ['fe80::1%eth0', undefined, 'fe80::'],
  [undefined, '203.0.113.9', 'unknown'],
])('a request of %s that says %j is %s', (remote, forwarded, expected) => {
  expect(client(request(remote, forwarded))).toBe(expected)
  // And once more, from what was remembered.
  expect(client(request(remote, forwarded))).toBe(expected)
})

test('an address that is remembered does not keep the header that it stood in', () => {
  setFlagsFromString('--expose_gc')
  const heapAfterGc = (): number => {
    runInNewContext('gc()')
    return process.memoryUsage().heapUsed
  }
  const before = heapAfterGc()
  for (let i = 0; i < 1_000; i++) {
    const last = `2001:db8:${i.toString(16)}:3:4:5:6:7`
    expect(client(request('10.1.2.3', `${' '.repeat(32_000)}, ${last}`))).toBe(`2001:db8:${i.toString(16)}:3::`)
  }
  expect(heapAfterGc() - before).toBeLessThan(16_000_000)
})

test('without proxies nobody is believed', () => {
  const direct = createClientAddress(parseRanges(''))
  expect(direct(request('10.1.2.3', '203.0.113.9'))).toBe('10.1.2.3')
})

test.each(['10.0.0.0/33', '10.0.0', 'proxy.example.com', '10.0.0.1/', '::1/129', '300.1.1.1'])('%s is no range', (text) => {
  expect(() => parseRanges(`10.0.0.1, ${text}`)).toThrow(`${text} is neither an IP address nor a range`)
})
