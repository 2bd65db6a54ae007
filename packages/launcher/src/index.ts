export { freePort, isPortFree } from './ports'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres'
export { workspaceRoot } from './workspace'
