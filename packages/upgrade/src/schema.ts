/** What is there once some migrations have run, by its names. */
import type { Node, ObjectType } from 'libpg-query'

import { joinName, readStatements, relationName, stringOf, typeName } from './statements'

export class Schema {
  /** The columns of each table. */
  readonly tables = new Map<string, Set<string>>()
  /** Everything else, as `index holds_due`, `function hold_batch(jsonb)`, `trigger t on holds`. */
  readonly others = new Set<string>()

  /** Takes in what the statements of one migration make and take away. */
  async apply(sql: string): Promise<void> {
    for (const { node } of await readStatements(sql)) this.applyOne(node)
  }

  has(object: string): boolean {
    const [kind, name = ''] = object.split(' ')
    return kind === 'table' ? this.tables.has(name) : this.others.has(object)
  }

  /** Every function of that name, whatever it takes. */
  functionsNamed(name: string): string[] {
    return [...this.others].filter((other) => other.startsWith(`function ${name}(`))
  }

  private applyOne(node: Node): void {
    if ('CreateStmt' in node) {
      const { relation, tableElts = [], inhRelations = [] } = node.CreateStmt
      const columns = tableElts.flatMap((element) => ('ColumnDef' in element ? (element.ColumnDef.colname ?? '') : []))
      // A partition has its parent's.
      const inherited = inhRelations.flatMap((parent) =>
        'RangeVar' in parent ? [...(this.tables.get(relationName(parent.RangeVar)) ?? [])] : [],
      )
      this.tables.set(relationName(relation), new Set([...inherited, ...columns]))
    } else if ('AlterTableStmt' in node) {
      const columns = this.tables.get(relationName(node.AlterTableStmt.relation))
      for (const one of node.AlterTableStmt.cmds ?? []) {
        if (!('AlterTableCmd' in one)) continue
        const { subtype, def, name = '' } = one.AlterTableCmd
        if (subtype === 'AT_AddColumn' && def !== undefined && 'ColumnDef' in def) columns?.add(def.ColumnDef.colname ?? '')
        if (subtype === 'AT_DropColumn') columns?.delete(name)
      }
    } else if ('DropStmt' in node) {
      for (const object of droppedBy(node.DropStmt)) {
        this.others.delete(object)
        if (object.startsWith('table ')) this.tables.delete(object.slice('table '.length))
      }
    } else {
      const made = madeBy(node)
      if (made !== undefined) this.others.add(made)
    }
  }
}

/** What a statement makes, if it is no table. */
function madeBy(node: Node): string | undefined {
  if ('IndexStmt' in node) return `index ${node.IndexStmt.idxname ?? ''}`
  if ('CreateFunctionStmt' in node) {
    const { funcname, parameters = [] } = node.CreateFunctionStmt
    const taken = parameters.flatMap((parameter) => {
      if (!('FunctionParameter' in parameter)) return []
      const { mode, argType } = parameter.FunctionParameter
      return mode === 'FUNC_PARAM_OUT' || mode === 'FUNC_PARAM_TABLE' ? [] : typeName(argType)
    })
    return `function ${joinName(funcname)}(${taken.join(', ')})`
  }
  if ('CreateTrigStmt' in node)
    return `trigger ${node.CreateTrigStmt.trigname ?? ''} on ${relationName(node.CreateTrigStmt.relation)}`
  if ('ViewStmt' in node) return `view ${relationName(node.ViewStmt.view)}`
  if ('CreateSeqStmt' in node) return `sequence ${relationName(node.CreateSeqStmt.sequence)}`
  if ('CreateEnumStmt' in node) return `type ${joinName(node.CreateEnumStmt.typeName)}`
  if ('CompositeTypeStmt' in node) return `type ${relationName(node.CompositeTypeStmt.typevar)}`
  if ('CreateDomainStmt' in node) return `type ${joinName(node.CreateDomainStmt.domainname)}`
  return undefined
}

const kinds: Partial<Record<ObjectType, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_INDEX: 'index',
  OBJECT_VIEW: 'view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_FUNCTION: 'function',
  OBJECT_TRIGGER: 'trigger',
}

/** What a `DROP` names; a function without its arguments as `function name`. Kinds that are not followed are `other ...`. */
export function droppedBy({ removeType, objects = [] }: { removeType?: ObjectType; objects?: Node[] }): string[] {
  const kind = (removeType && kinds[removeType]) ?? 'other'
  return objects.map((object) => {
    if ('ObjectWithArgs' in object) {
      const { objname, objargs = [], args_unspecified: any } = object.ObjectWithArgs
      const taken = objargs.map((type) => ('TypeName' in type ? typeName(type.TypeName) : ''))
      return `${kind} ${joinName(objname)}${any === true ? '' : `(${taken.join(', ')})`}`
    }
    if ('TypeName' in object) return `${kind} ${typeName(object.TypeName)}`
    if (!('List' in object)) return `${kind} ${stringOf(object)}`
    const parts = object.List.items ?? []
    if (kind !== 'trigger') return `${kind} ${joinName(parts)}`
    return `trigger ${stringOf(parts.at(-1))} on ${joinName(parts.slice(0, -1))}`
  })
}
