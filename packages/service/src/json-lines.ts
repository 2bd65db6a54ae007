/**
 * A list of JSON values as one text parameter, a value on each line: JSON text has no line break of its own. The driver
 * would write a `text[]` by escaping every quote of every element, and the server would take that apart again; for a hot
 * statement's JSON, which is full of quotes, that is more work than the rest of the row.
 */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join('\n')
}

/** The expression that reads {@link jsonLines} in SQL, as `text[]`. @param parameter its number */
export function readJsonLines(parameter: number): string {
  return `string_to_array($${parameter}, E'\\n')`
}
