/** Whether the release before could work on the schema of this one. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { changedSince, newSince, readBaseline, type SchemaBaseline } from './baseline'
import { findContractions } from './expand-only'
import { Schema } from './schema'

/**
 * @param baseline that of the last release; undefined: there was none, and nothing is promised yet
 * @returns what would break, a line each
 */
export async function checkMigrations(
  root: string,
  baseline: SchemaBaseline | undefined = readBaseline(root),
): Promise<string[]> {
  if (baseline === undefined) return []
  const changed = changedSince(root, baseline)
  if (changed.length > 0) return changed
  const { files, problems } = newSince(root, baseline)
  const schemas = await releasedSchemas(root, Object.keys(baseline.migrations))
  for (const file of files) {
    const findings = await findContractions(read(root, file), schemaFor(file, schemas))
    for (const { line, problem } of findings) problems.push(`${file}:${line}: ${problem}`)
  }
  return problems
}

/** By folder. A service's database has its own tables and those of `packages/events/migrations`. */
async function releasedSchemas(root: string, files: string[]): Promise<Map<string, Schema>> {
  const schemas = new Map<string, Schema>()
  const shared = files.filter((file) => dirname(file) === sharedFolder)
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const schema = new Schema()
    const own = folder === sharedFolder ? [] : files.filter((file) => dirname(file) === folder)
    for (const file of [...shared, ...own]) await schema.apply(read(root, file))
    schemas.set(folder, schema)
  }
  return schemas
}

const sharedFolder = 'packages/events/migrations'

function schemaFor(file: string, schemas: Map<string, Schema>): Schema {
  return schemas.get(dirname(file)) ?? schemas.get(sharedFolder) ?? new Schema()
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
