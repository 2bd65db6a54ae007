/** `npm run check` asks it whether the release before could work on the schema of this one. */
import { resolve } from 'node:path'

import { checkMigrations } from './check-migrations'

const root = resolve(__dirname, '..', '..', '..', '..')

async function main(): Promise<number> {
  const problems = await checkMigrations(root)
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  if (problems.length === 0) return 0
  process.stderr.write(
    'While a release is rolled out, the one before works on its schema: add first, use later, and take away in the release after,\n' +
      'with `-- contract: why nothing misses it` above the statement (CONTRIBUTING.md, Deployability).\n',
  )
  return 1
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
