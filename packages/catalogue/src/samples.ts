import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { workspaceRoot } from '@holdfast/launcher'

/** A message as a running system published it. */
export interface Sample {
  topic: string
  key: string
  headers: Record<string, string>
  /** Parsed. */
  value: unknown
}

export const docsFolder = join(workspaceRoot(), 'docs')
const file = join(docsFolder, 'events', 'samples.json')

/** One sample of each event, by its type. */
export function readSamples(): Map<string, Sample> {
  const samples = JSON.parse(readFileSync(file, 'utf8')) as Sample[]
  return new Map(samples.map((sample) => [typeOf(sample), sample]))
}

export function writeSamples(samples: readonly Sample[]): void {
  const sorted = [...samples].sort((a, b) => (typeOf(a) < typeOf(b) ? -1 : 1))
  writeFileSync(file, `${JSON.stringify(sorted, undefined, 2)}\n`)
}

function typeOf(sample: Sample): string {
  return sample.headers['ce_type'] ?? ''
}
