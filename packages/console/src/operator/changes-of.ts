/** One value of a record that is not as it was before. */
export interface Change {
  /** As `lines.0.quantity`. */
  path: string
  /** As text; absent: there was none, or there is none any more. */
  before?: string
  after?: string
}

type Values = Record<string, unknown>

/** What changed from one state of a record to the next, value by value, in the order of the newer one. */
export function changesOf(before: Values | undefined, after: Values | undefined): Change[] {
  const [old, now] = [leavesOf(before ?? {}), leavesOf(after ?? {})]
  const paths = [...now.keys(), ...[...old.keys()].filter((path) => !now.has(path))]
  return paths
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => ({ path, before: old.get(path), after: now.get(path) }))
}

function leavesOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]])
  const within = (name: string): string => (path === '' ? name : `${path}.${name}`)
  return new Map(Object.entries(value).flatMap(([name, inner]) => [...leavesOf(inner, within(name))]))
}
