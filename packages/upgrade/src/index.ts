export { baselineFile, readBaseline, type SchemaBaseline, writeBaseline } from './baseline'
export { checkMigrations } from './check-migrations'
export { findContractions, type Finding } from './expand-only'
export { Schema } from './schema'
