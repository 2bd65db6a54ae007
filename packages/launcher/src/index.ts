export { type Credential, type Credentials, loadCredentials, readCredentials } from './credentials'
export { type Databases, embeddedPostgres } from './embedded-postgres'
export { fromEnvironment } from './from-environment'
export { type Keys, loadKeys, makePrivateKey, makeWebhookSecret, publicKeyOf } from './keys'
export { freePort, isPortFree } from './ports'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres'
export { readOrMake, writePrivate } from './private-file'
export { findRunning, type RunningSystem } from './running'
export { noLimits, serviceEnvironments } from './service-env'
export { ServiceProcess } from './service-process'
export { makeSamples, type SampleProduct, sampleProducts } from './sample-catalogue'
export {
  allServiceNames,
  type DatabaseName,
  databaseNames,
  forEachService,
  serviceMain,
  type ServiceName,
  serviceNames,
  usualGrpcPorts,
} from './services'
export { type RunAs, runAs } from './run-as'
export { type Replica, System, type SystemOptions } from './system'
export { workspaceRoot } from './workspace'
