import { existsSync } from 'node:fs'
import { join } from 'node:path'

// The SQL files are not compiled: they stand beside src/, and this file runs from src/ or from dist/src/.
const packageFolder = join(__dirname, existsSync(join(__dirname, '..', 'package.json')) ? '..' : '../..')

export const notificationMigrations = join(packageFolder, 'migrations')
