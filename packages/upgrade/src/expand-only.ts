/**
 * Whether a migration only adds: while a release is rolled out, the processes of the one before go on working on the new schema,
 * and start again on it. What is not known to be harmless to them is refused.
 */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, IndexStmt, Node, RangeVar } from 'libpg-query'

import { droppedBy, type Schema } from './schema'
import { joinName, readStatements, relationName, stringOf } from './statements'

export interface Finding {
  /** Of the file, from 1. */
  line: number
  /** What the release before would miss, or stumble over. */
  problem: string
}

/** Says of the statement below it why the release before misses nothing of what goes: `-- contract: ...`. */
const contract = /^--\s*contract:\s*\S/m

/**
 * @param released what the last release has
 * @throws Error where PostgreSQL would not understand it
 */
export async function findContractions(sql: string, released: Schema): Promise<Finding[]> {
  const statements = await readStatements(sql)
  return statements
    .filter(({ text }) => !contract.test(text))
    .flatMap(({ node, line }) =>
      [node, ...statementsWithin(node)].flatMap((one) => problemsOf(one, released)).map((problem) => ({ line, problem })),
    )
}

/** They make something, or read. */
const harmless = new Set([
  'CreateStmt',
  'CreateFunctionStmt',
  'CreateTrigStmt',
  'CreateSeqStmt',
  'CreateEnumStmt',
  'CompositeTypeStmt',
  'CreateDomainStmt',
  'CreateTableAsStmt',
  'CreateSchemaStmt',
  'CreateExtensionStmt',
  'CreateStatsStmt',
  'ViewStmt',
  'CommentStmt',
  'SelectStmt',
  'VariableSetStmt',
])

function problemsOf(node: Node, released: Schema): string[] {
  if ('DropStmt' in node) return droppedBy(node.DropStmt).flatMap((object) => lost(object, released))
  if ('AlterTableStmt' in node) return alterations(node.AlterTableStmt, released)
  if ('IndexStmt' in node) return newIndex(node.IndexStmt, released)
  if ('RenameStmt' in node) {
    const { relation, subname, newname = '' } = node.RenameStmt
    if (relation !== undefined && !released.tables.has(relationName(relation)) && subname !== undefined) return []
    return [`renames ${subname ?? relationName(relation)} to ${newname}`]
  }
  if ('DeleteStmt' in node) return rowsLost(relationName(node.DeleteStmt.relation), released)
  if ('UpdateStmt' in node) return rewritten(node.UpdateStmt.relation, node.UpdateStmt.targetList, released)
  if ('InsertStmt' in node) return rewritten(node.InsertStmt.relation, node.InsertStmt.onConflictClause?.targetList, released)
  if ('TruncateStmt' in node) {
    const tables = (node.TruncateStmt.relations ?? []).flatMap((one) => ('RangeVar' in one ? relationName(one.RangeVar) : []))
    return tables.flatMap((table) => rowsLost(table, released))
  }
  if ('AlterEnumStmt' in node && node.AlterEnumStmt.oldVal === undefined) return []
  if ('GrantStmt' in node && node.GrantStmt.is_grant === true) return []
  const [kind = ''] = Object.keys(node)
  return harmless.has(kind) ? [] : [`${kind}: nobody has said what that is to the release before`]
}

function lost(object: string, released: Schema): string[] {
  if (object.startsWith('other ')) return [`drops ${object.slice('other '.length)}`]
  const named = object.startsWith('function ') && !object.endsWith(')') ? released.functionsNamed(object.split(' ')[1] ?? '') : []
  return (named.length > 0 ? named : [object]).filter((one) => released.has(one)).map((one) => `drops the ${one}`)
}

function rowsLost(table: string, released: Schema): string[] {
  return released.tables.has(table) ? [`takes rows of ${table} away`] : []
}

/** What the release before has written, and takes for what it wrote; a new column may be filled. */
function rewritten(relation: RangeVar | undefined, targets: readonly Node[] = [], released: Schema): string[] {
  const table = relationName(relation)
  const columns = targets.flatMap((target) => ('ResTarget' in target ? (target.ResTarget.name ?? '') : []))
  return columns.filter((column) => released.tables.get(table)?.has(column)).map((column) => `changes ${column} of ${table}`)
}

/** Those that run before it, as `with gone as (delete ...)`. What a function does it does not do now. */
function statementsWithin(part: unknown): Node[] {
  if (typeof part !== 'object' || part === null || 'CreateFunctionStmt' in part) return []
  const inside = Object.values(part).flatMap(statementsWithin)
  if (!('CommonTableExpr' in part)) return inside
  const { ctequery } = part.CommonTableExpr as { ctequery?: Node }
  return ctequery === undefined ? inside : [ctequery, ...inside]
}

function alterations({ relation, cmds = [], objtype }: AlterTableStmt, released: Schema): string[] {
  const table = relationName(relation)
  const columns = released.tables.get(table)
  if (objtype === 'OBJECT_TABLE' && columns === undefined) return []
  if (columns === undefined) return [`alters ${table}, which is no table`]
  return cmds.flatMap((one) => {
    const problem = 'AlterTableCmd' in one ? alteration(one.AlterTableCmd, columns) : undefined
    return problem === undefined ? [] : [`${problem} of ${table}`]
  })
}

/** They decide how rows are kept, or make a promise that is checked already. */
const quiet = new Set([
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_SetOptions',
  'AT_SetStatistics',
  'AT_SetStorage',
  'AT_SetCompression',
  'AT_ValidateConstraint',
  'AT_AttachPartition',
  'AT_EnableTrig',
  'AT_EnableAlwaysTrig',
])

/** @param columns of the released table */
function alteration(
  { subtype = 'AT_AddColumn', name = '', def }: AlterTableCmd,
  columns: ReadonlySet<string>,
): string | undefined {
  if (quiet.has(subtype)) return undefined
  if (subtype === 'AT_AddColumn' && def !== undefined && 'ColumnDef' in def) return newColumn(def.ColumnDef)
  if (subtype === 'AT_AddConstraint' && def !== undefined && 'Constraint' in def) return newConstraint(def.Constraint, columns)
  // What the release before does not know of may change as it likes.
  if (subtype !== 'AT_DropConstraint' && name !== '' && !columns.has(name)) return undefined
  if (subtype === 'AT_ColumnDefault' && def !== undefined) return undefined
  return `${words[subtype] ?? subtype} ${name}`.trim()
}

const words: Record<string, string> = {
  AT_DropColumn: 'drops the column',
  AT_AlterColumnType: 'changes the type of',
  AT_SetNotNull: 'wants a value for',
  AT_DropNotNull: 'may leave nothing in',
  AT_ColumnDefault: 'drops the default of',
  AT_DropConstraint: 'drops the constraint',
}

function newColumn({ colname = '', constraints = [] }: ColumnDef): string | undefined {
  const kinds = constraints.flatMap((one) => ('Constraint' in one ? (one.Constraint.contype ?? []) : []))
  const isFilled = kinds.includes('CONSTR_DEFAULT')
  if (kinds.includes('CONSTR_PRIMARY')) return `makes the new column ${colname} the key`
  if (isWorkedOut(constraints)) return `writes every row anew, while nobody else reads or writes, for the new column ${colname}`
  if (kinds.includes('CONSTR_UNIQUE') && isFilled) return `wants the new column ${colname}, which has a default, to be unique`
  return kinds.includes('CONSTR_NOTNULL') && !isFilled
    ? `wants a value for the new column ${colname}, without a default`
    : undefined
}

/** Whether each row has a value of its own from the beginning: PostgreSQL notes others, and `now()`, once for all rows. */
function isWorkedOut(constraints: readonly Node[]): boolean {
  return constraints.some((one) => {
    if (!('Constraint' in one)) return false
    const { contype, raw_expr } = one.Constraint
    if (contype === 'CONSTR_IDENTITY' || contype === 'CONSTR_GENERATED') return true
    return contype === 'CONSTR_DEFAULT' && functionsIn(raw_expr).some((name) => name !== 'now')
  })
}

/** One about new columns alone is kept by whoever leaves them at their defaults. */
function newConstraint(constraint: Constraint, columns: ReadonlySet<string>): string | undefined {
  const named = [...(constraint.keys ?? []), ...(constraint.fk_attrs ?? [])].map(stringOf)
  const about = [...named, ...columnsIn(constraint.raw_expr)]
  const isNew = about.length > 0 && about.every((column) => !columns.has(column))
  return isNew ? undefined : `adds the constraint ${constraint.conname ?? ''}`.trim()
}

function newIndex({ unique, idxname = '', relation, indexParams = [], whereClause }: IndexStmt, released: Schema): string[] {
  const columns = released.tables.get(relationName(relation))
  if (unique !== true || columns === undefined) return []
  const about = indexParams.flatMap((one) =>
    'IndexElem' in one
      ? [...(one.IndexElem.name === undefined ? [] : [one.IndexElem.name]), ...columnsIn(one.IndexElem.expr)]
      : [],
  )
  // Rows of the release before have nothing there, which is never the same twice; or the condition leaves them out.
  const isNew = [...about, ...columnsIn(whereClause)].some((column) => !columns.has(column))
  return isNew ? [] : [`wants rows of ${relationName(relation)} to be unique (${idxname})`]
}

/** The functions that an expression calls. */
function functionsIn(expression: unknown): string[] {
  if (typeof expression !== 'object' || expression === null) return []
  const inside = Object.values(expression).flatMap(functionsIn)
  return 'FuncCall' in expression ? [joinName((expression.FuncCall as { funcname?: Node[] }).funcname), ...inside] : inside
}

/** The columns that an expression names. */
function columnsIn(expression: unknown): string[] {
  if (typeof expression !== 'object' || expression === null) return []
  if ('ColumnRef' in expression) {
    const { fields = [] } = expression.ColumnRef as { fields?: Node[] }
    return [stringOf(fields.at(-1))]
  }
  return Object.values(expression).flatMap(columnsIn)
}
