/**
 * The same text in memory of its own. V8 cuts a text out of another by pointing into it: what is remembered of a header must not
 * keep the whole of it.
 * @param text of a header: Latin-1
 */
export function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
