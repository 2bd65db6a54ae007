/** SQL as PostgreSQL's own parser reads it. */
import { type Node, parse, type RangeVar, type TypeName } from 'libpg-query'

export interface Statement {
  /** Exactly one key: the kind of statement, as `CreateStmt`. */
  node: Node
  /** From 1: where it begins, its comments left aside. */
  line: number
  /** What is between the one before and its end: its comments, and itself. */
  text: string
}

/** @throws Error where PostgreSQL would not understand it */
export async function readStatements(sql: string): Promise<Statement[]> {
  const bytes = Buffer.from(sql)
  const { stmts = [] } = await parse(sql)
  let end = 0
  return stmts.map(({ stmt, stmt_location: begin = 0, stmt_len: length }) => {
    if (stmt === undefined) throw new Error('a statement of nothing')
    const from = end
    end = length === undefined ? bytes.length : begin + length
    const text = bytes.subarray(from, end).toString()
    const before = bytes.subarray(0, from).toString() + (/^(\s|;|--[^\n]*\n|\/\*[\s\S]*?\*\/)*/.exec(text)?.[0] ?? '')
    return { node: stmt, line: before.split('\n').length, text }
  })
}

/** A table's or an index's name; its schema only where it is another than the usual one. */
export function relationName(relation: RangeVar | undefined): string {
  const { schemaname, relname = '' } = relation ?? {}
  return schemaname === undefined || schemaname === 'public' ? relname : `${schemaname}.${relname}`
}

/** The parts of a name, as `public.holds`. */
export function joinName(parts: readonly Node[] = []): string {
  const names = parts.map(stringOf).filter((part, index, all) => part !== 'public' || index === all.length - 1)
  return names.join('.')
}

export function stringOf(node: Node | undefined): string {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : ''
}

/** A type as the parser names it, whichever of its names was written: `int8[]`. */
export function typeName(type: TypeName | undefined): string {
  const name = (type?.names ?? []).map(stringOf).filter((part) => part !== 'pg_catalog' && part !== 'public')
  return `${name.join('.')}${(type?.arrayBounds ?? []).map(() => '[]').join('')}`
}
