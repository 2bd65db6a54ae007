export {
  allServiceNames,
  freePort,
  makePrivateKey,
  noLimits,
  publicKeyOf,
  type ServiceName,
  serviceNames,
} from '@holdfast/launcher'
export { adminToken, api, type Api, type ApiRequest, type Json, logIn, registerUser, type TestUser } from './api'
export { explain, type HistoryEvent, type Interval, type Model, type Request, type Step, type Verdict } from './checker'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database'
export type { FaultAction } from './fault-file'
export type { Faults } from './faults'
export { untilAnswered } from './load/answered'
export { type Balancer, type BalancerOptions, openBalancer } from './load/balancer'
export { countSold, type Databases, notAsTold, queryOne, type Sale, untilAudited } from './load/kept'
export { rollOut, type RollOutOptions } from './load/roll-out'
export { reserveOne, type Shoppers, startShoppers, stocks } from './load/shoppers'
export { type Failure, startSteadyLoad, type SteadyLoad } from './load/steady-load'
export { noteReserved, type Told } from './load/told'
export { type RedisServer, type SentinelRedis, startRedis, startSentinelRedis } from './redis'
export type { JsonReply } from './json-client'
export * from './replies'
export { startTestIssuer, type TestIssuer } from './test-issuer'
export { startTestSystem, type TestSystem, type TestSystemOptions } from './test-system'
export { waitFor, type WaitOptions } from './wait-for'
