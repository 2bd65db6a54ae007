import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import { reflect } from '@bufbuild/protobuf/reflect'

import type { PathTemplate } from './path-template'
import type { Route } from './route-table'

/** How the address of what was made follows from the response. */
export interface LocationRule {
  /** The field of the response that holds the resource. */
  resource: DescField
  /** The route that reads it, and the resource's fields that fill its path, by place. */
  template: PathTemplate
  keys: Map<number, DescField>
}

/**
 * The route that reads what another route makes: a GET of the same service that answers the same message in one field, with
 * a path that the resource's own fields fill. Undefined when there is none.
 */
export function locationRule(route: Route, routes: readonly Route[]): LocationRule | undefined {
  const resource = route.rpc.desc.output.fields.find((field) => field.fieldKind === 'message')
  if (resource?.message === undefined) return undefined
  for (const reader of routes) {
    const reads =
      reader.method === 'GET' && reader.rpc.service === route.rpc.service && answers(reader.rpc.desc.output, resource.message)
    const keys = reads ? keysOf(reader, resource.message) : undefined
    if (keys !== undefined) return { resource, template: reader.template, keys }
  }
  return undefined
}

/** @returns undefined when the response lacks a part of the address */
export function locationOf(rule: LocationRule, output: DescMessage, response: Message): string | undefined {
  const outer = reflect(output, response)
  if (rule.resource.fieldKind !== 'message' || !outer.isSet(rule.resource)) return undefined
  const resource = outer.get(rule.resource)
  const parts: string[] = []
  for (const [index, segment] of rule.template.segments.entries()) {
    const key = rule.keys.get(index)
    const part = key === undefined ? segment.kind === 'literal' && segment.text : textOf(resource.get(key))
    if (part === false || part === '') return undefined
    parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** Keys are texts or numbers; the address has them percent-encoded. */
function textOf(key: unknown): string {
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' ? encodeURIComponent(key.toString()) : ''
}

function answers(output: DescMessage, resource: DescMessage): boolean {
  return output.fields.some((field) => field.fieldKind === 'message' && field.message === resource)
}

function keysOf(reader: Route, resource: DescMessage): Map<number, DescField> | undefined {
  const { template } = reader
  if (template.verb !== '' || template.variables.some((variable) => !variable.single)) return undefined
  const keys = new Map<number, DescField>()
  for (const variable of template.variables) {
    const field = resource.fields.find((candidate) => candidate.name === variable.field && candidate.fieldKind === 'scalar')
    if (field === undefined) return undefined
    keys.set(variable.from, field)
  }
  return keys
}
