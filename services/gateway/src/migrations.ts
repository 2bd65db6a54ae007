import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { eventsMigrations } from '@holdfast/events'

// The SQL files are not compiled: they stand beside src/, and this file runs from src/ or from dist/src/.
const packageFolder = join(__dirname, existsSync(join(__dirname, '..', 'package.json')) ? '..' : '../..')

/** Folders for `migrate`: the gateway's tables, and those of its events. */
export const gatewayMigrations = [eventsMigrations, join(packageFolder, 'migrations')]
