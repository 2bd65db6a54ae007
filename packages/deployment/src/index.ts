export { makeDatabases } from './databases'
export { kubernetesSecrets } from './kubernetes-secrets'
export { makeSecrets, readDatabaseUrls, readSecrets, type SecretsOptions, superuserFolder } from './secrets'
