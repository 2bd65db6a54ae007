/**
 * A list of JSON values as one text parameter, a value on each line: JSON text has no line break of its own. The driver
 * would write a `text[]` by escaping every quote of every element, and the server would take that apart again; for a hot
 * statement's JSON, which is full of quotes, that is more work than the rest of the row.
 */
export function jsonLines(values: readonly unknown[]): string {
  return toLines(values.map((value) => JSON.stringify(value)))
}

/** The same of values that are JSON text already, without a line break. */
export function toLines(texts: readonly string[]): string {
  return texts.join('\n')
}

/** The expression that reads {@link jsonLines} in SQL, as `text[]`. @param parameter its number */
export function readJsonLines(parameter: number): string {
  return `string_to_array($${parameter}, E'\\n')`
}

/** What an array's element needs no quotes for; the word NULL would be none. */
const bare = /^(?!null$)[\w.:/-]+$/i

/** A `text[]`, or an array of anything written as text, as a parameter: most of what we write is words that need no quotes. */
export function textArray(values: readonly string[]): string {
  const elements = values.map((value) => (bare.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`))
  return `{${elements.join(',')}}`
}
