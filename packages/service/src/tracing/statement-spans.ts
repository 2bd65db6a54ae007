/** Statements, each a step of the request or the batch that it is for. What a service does by itself has none. */
import type { PoolClient } from 'pg'

import { tracing } from './tracing'

/**
 * Sends a statement. Its name is told, or else what it begins with: its text is long, and its values are nobody's business.
 * @param statement as `pg` takes them: text, or an object with text and maybe a name
 */
export async function inStatementSpan<T>(statement: unknown, send: () => Promise<T>): Promise<T> {
  const spans = tracing()
  if (spans === undefined) return send()
  const summary = summaryOf(statement)
  return spans.step(summary, 'CLIENT', { 'db.system.name': 'postgresql', 'db.query.summary': summary }, send)
}

/** The statements of transactions, which have a connection to themselves. */
export function traceStatements(client: PoolClient): void {
  if (tracing() === undefined) return
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  client.query = ((...args: unknown[]) => {
    // The pool's own come with a callback: those have their span already.
    if (typeof args.at(-1) === 'function') return query(...args)
    return inStatementSpan(args[0], async () => query(...args))
  }) as typeof client.query
}

function summaryOf(statement: unknown): string {
  if (typeof statement === 'string') return firstWord(statement)
  const { name, text } = statement as { name?: string; text?: string }
  return name ?? firstWord(text ?? '')
}

function firstWord(text: string): string {
  return (/^\s*(?:--.*\n\s*)*([a-z]+)/i.exec(text)?.[1] ?? 'statement').toUpperCase()
}
