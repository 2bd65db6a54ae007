import { createLog } from '@holdfast/service'

import type { ChainedRecord } from '../record-hash'
import { RecentActivity } from './recent'

const createdAt = '2026-01-31T10:00:00.000Z'

const record = (sequence: bigint, after: ChainedRecord['after'] = { status: 'ACTIVE', createdAt, lines: [] }): ChainedRecord => ({
  sequence,
  eventId: '',
  at: new Date(createdAt),
  action: 'reservation.created',
  actorId: '',
  actorRole: 'USER',
  objectType: 'reservation',
  objectId: '',
  before: null,
  after,
  requestId: '',
  previousHash: '',
  hash: '',
})
const open = (): RecentActivity => new RecentActivity(createLog('test', 'silent'))
const told = (recent: RecentActivity, behind: bigint) => {
  const stretch = recent.behind(behind)
  return stretch && { last: stretch.last, created: stretch.sums.minutes.map((minute) => minute.reservationsCreated) }
}

describe('RecentActivity', () => {
  it('answers all that follows without a gap, in whatever order it was committed', () => {
    const recent = open()
    recent.add([record(4n)])
    recent.add([record(1n), record(2n), record(3n)])
    recent.add([record(6n)])
    expect(told(recent, 0n)).toEqual({ last: 4n, created: [4] })
    expect(told(recent, 3n)).toEqual({ last: 4n, created: [1] })
  })

  it('knows nothing from the middle of what was appended together, and says where it knows more', () => {
    const recent = open()
    recent.add([record(3n), record(4n)])
    recent.add([record(8n)])
    expect(told(recent, 0n)).toBeUndefined()
    expect(told(recent, 3n)).toBeUndefined()
    expect(recent.nextAfter(0n)).toBe(2n)
    expect(recent.nextAfter(3n)).toBe(7n)
    expect(recent.nextAfter(7n)).toBeUndefined()
  })

  it('forgets what is in the figures, and counts again from there', () => {
    const recent = open()
    recent.add([record(1n)])
    recent.add([record(2n)])
    recent.forget(1n)
    expect(told(recent, 0n)).toBeUndefined()
    expect(told(recent, 1n)).toEqual({ last: 2n, created: [1] })
  })

  it('passes over a record that nobody can read, as over one that is read back', () => {
    const recent = open()
    recent.add([record(1n, { createdAt: 'no time' }), record(2n)])
    expect(told(recent, 0n)).toEqual({ last: 2n, created: [1] })
  })

  it('takes no more than it may keep: the rest is read back', () => {
    const recent = open()
    const many = Array.from({ length: 50_000 }, (_, index) => record(BigInt(index + 1)))
    recent.add(many)
    recent.add([record(50_001n)])
    expect(told(recent, 0n)).toEqual({ last: 50_000n, created: [50_000] })
    expect(told(recent, 50_000n)).toBeUndefined()
    recent.forget(50_000n)
    recent.add([record(50_001n)])
    expect(told(recent, 50_000n)).toEqual({ last: 50_001n, created: [1] })
  })
})
