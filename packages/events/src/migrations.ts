import { existsSync } from 'node:fs'
import { join } from 'node:path'

// The SQL files are not compiled: they stand beside src/, and this file runs from src/ or from dist/src/.
const packageFolder = join(__dirname, existsSync(join(__dirname, '..', 'package.json')) ? '..' : '../..')

/** Outbox and inbox: a folder for `migrate`, for every service's database. */
export const eventsMigrations = join(packageFolder, 'migrations')

/** The embedded log: for a database of its own. */
export const logMigrations = join(packageFolder, 'log-migrations')
