import { readReservationConfig } from './config'

const pemText = '-----BEGIN PUBLIC KEY-----'
const env = {
  GRPC_PORT: '0',
  DATABASE_URL: 'postgres://localhost/reservation',
  EVENTS_DATABASE_URL: 'postgres://localhost/events',
  SERVICE_PRIVATE_KEY: pemText,
  SERVICE_PUBLIC_KEYS: '{}',
  JWKS_URL: 'http://localhost/jwks.json',
  INVENTORY_ADDR: 'localhost:1',
}

test('the defaults are those of the table', () => {
  expect(readReservationConfig(env)).toMatchObject({
    RESERVATION_TTL_DEFAULT: 300,
    RESERVATION_TTL_MIN: 1,
    RESERVATION_TTL_MAX: 86_400,
    MAX_LINES: 500,
    WAITLIST_TTL: 600,
    WAITLIST_MAX_PER_USER: 50,
    SWEEPER: 'on',
    ORPHAN_MIN_AGE_MS: 30_000,
    ARCHIVE_AFTER_HOURS: 720,
  })
})

test.each([
  [{ SWEEPER: 'maybe' }, 'SWEEPER'],
  [{ MAX_LINES: '501' }, 'MAX_LINES'],
  [{ ARCHIVE_AFTER_HOURS: '23' }, 'ARCHIVE_AFTER_HOURS'],
  [{ WAITLIST_TTL: '0' }, 'WAITLIST_TTL'],
  [{ WAITLIST_MAX_PER_USER: '0' }, 'WAITLIST_MAX_PER_USER'],
  [{ INVENTORY_ADDR: undefined }, 'INVENTORY_ADDR'],
  [{ RESERVATION_TTL_DEFAULT: '90000' }, 'RESERVATION_TTL_DEFAULT'],
  [{ RESERVATION_TTL_MIN: '301' }, 'RESERVATION_TTL_DEFAULT'],
])('a wrong value is named: %o', (more, name) => {
  expect(() => readReservationConfig({ ...env, ...more })).toThrow(name)
})

test.each([0, 24])('archiving may be off, or as early as the day for which ids are remembered: %i hours', (hours) => {
  expect(readReservationConfig({ ...env, ARCHIVE_AFTER_HOURS: String(hours) }).ARCHIVE_AFTER_HOURS).toBe(hours)
})
