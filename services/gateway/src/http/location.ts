import type { DescField, DescMessage } from '@bufbuild/protobuf'

import type { PathTemplate } from './path-template'
import type { Route } from './route-table'
import { wireValue } from './wire-to-json'

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
export function locationOf({ resource, template, keys }: LocationRule, response: Buffer): string | undefined {
  const parts: string[] = []
  for (const [index, segment] of template.segments.entries()) {
    const key = keys.get(index)
    // Keys are texts or numbers; the address has them percent-encoded.
    const part = key === undefined ? segment.kind === 'literal' && segment.text : encoded(wireValue(response, [resource, key]))
    if (part === false || part === '') return undefined
    parts.push(part)
  }
  return `/${parts.join('/')}`
}

function encoded(key: string | number | undefined): string {
  return key === undefined ? '' : encodeURIComponent(key)
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
