import { createHash } from 'node:crypto'

import { genesisHash, type RecordContent, recordHash } from './record-hash'

const content: RecordContent = {
  sequence: 1n,
  eventId: '0b6f0f0e-7f2f-4a7e-9d3b-2f1f8a0c1d2e',
  at: new Date('2026-01-31T10:20:30.456Z'),
  action: 'reservation.created',
  actorId: 'u1',
  actorRole: 'USER',
  objectType: 'reservation',
  objectId: 'r1',
  before: null,
  after: { status: 'ACTIVE', lines: [{ sku: 'A', quantity: 2 }] },
  requestId: 'req-1',
}

describe('recordHash', () => {
  it('is the SHA-256 of the previous hash and the content as canonical JSON', () => {
    const text =
      '{"action":"reservation.created","actor":{"id":"u1","role":"USER"},"after":{"lines":[{"quantity":2,"sku":"A"}],"status":"ACTIVE"},' +
      '"at":"2026-01-31T10:20:30.456Z","before":null,"eventId":"0b6f0f0e-7f2f-4a7e-9d3b-2f1f8a0c1d2e","objectId":"r1",' +
      '"objectType":"reservation","requestId":"req-1","sequence":"1"}'
    expect(recordHash(genesisHash, content)).toBe(
      createHash('sha256')
        .update(genesisHash + text)
        .digest('hex'),
    )
  })

  it.each<[keyof RecordContent, Partial<RecordContent>]>([
    ['sequence', { sequence: 2n }],
    ['eventId', { eventId: '1b6f0f0e-7f2f-4a7e-9d3b-2f1f8a0c1d2e' }],
    ['at', { at: new Date('2026-01-31T10:20:30.457Z') }],
    ['action', { action: 'reservation.cancelled' }],
    ['actorId', { actorId: 'u2' }],
    ['actorRole', { actorRole: 'ADMIN' }],
    ['objectType', { objectType: 'order' }],
    ['objectId', { objectId: 'r2' }],
    ['before', { before: {} }],
    ['after', { after: { status: 'ACTIVE', lines: [{ sku: 'A', quantity: 3 }] } }],
    ['requestId', { requestId: 'req-2' }],
  ])('changes with %s', (_name, change) => {
    expect(recordHash(genesisHash, { ...content, ...change })).not.toBe(recordHash(genesisHash, content))
  })

  it('changes with the record before', () => {
    expect(recordHash('1'.repeat(64), content)).not.toBe(recordHash(genesisHash, content))
  })

  it('stays the same when only the order of keys differs', () => {
    const same = { ...content, after: { lines: [{ quantity: 2, sku: 'A' }], status: 'ACTIVE' } }
    expect(recordHash(genesisHash, same)).toBe(recordHash(genesisHash, content))
  })
})
