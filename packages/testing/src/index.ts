export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database'
export { waitFor, type WaitOptions } from './wait-for'
