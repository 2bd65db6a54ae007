export { type Credential, type Credentials, loadCredentials, readCredentials } from './credentials'
export { fromEnvironment } from './from-environment'
export { type Keys, makePrivateKey, makeWebhookSecret, publicKeyOf } from './keys'
export { freePort, isPortFree } from './ports'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres'
export { readOrMake, writePrivate } from './private-file'
export { findRunning, type RunningSystem } from './running'
export { noLimits } from './service-env'
export { makeSamples, type SampleProduct, sampleProducts } from './sample-catalogue'
export {
  allServiceNames,
  type DatabaseName,
  databaseNames,
  forEachService,
  type ServiceName,
  serviceNames,
  usualGrpcPorts,
} from './services'
export { type RunAs, runAs } from './run-as'
export { System, type SystemOptions } from './system'
export { workspaceRoot } from './workspace'
