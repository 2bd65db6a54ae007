import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { createsResource, headerOf, type HttpRule, type RpcDescriptor } from '@holdfast/contracts'

import { type TagRule, tagRule } from './etag'
import { findUpdateMask } from './field-mask'
import { isPlainMessage } from './fields'
import { type HttpBodyPlace, httpBodyPlace } from './http-body'
import { type LocationRule, locationRule } from './location'
import { parsePathTemplate, type PathTemplate, type Variable } from './path-template'
import { PathTree } from './path-tree'
import { resolvePath } from './query'

/** One method and path of the JSON surface, with everything that a request on it needs worked out beforehand. */
export interface Route {
  method: string
  template: PathTemplate
  rpc: RpcDescriptor
  variables: BoundVariable[]
  /** Proto names of the fields that the path, the body or a header gives. */
  bound: ReadonlySet<string>
  /** Where the body goes: the whole request, one field of it, or there is none. Without "*" the query gives the rest. */
  body: '*' | DescField | undefined
  /** Where a body goes that is taken as it is; undefined: it is JSON. */
  rawBody: HttpBodyPlace | undefined
  /** What headers give. */
  headers: { name: string; field: DescField }[]
  /** A body may be left away: the RPC acts on what the path names. */
  bodyOptional: boolean
  /** The body may be other JSON than an object: it is a field that is a list or a single value. */
  bodyIsValue: boolean
  /** What a PATCH changes; one that does not say so changes what it sends. */
  updateMask: DescField | undefined
  /** The answer's body is this field of the response alone. */
  responseBody: DescField | undefined
  /** Where the answer is given as it is; undefined: as JSON. */
  rawAnswer: HttpBodyPlace | undefined
  /** Success is 201, unless it is a replay. */
  creates: boolean
  location: LocationRule | undefined
  /** The answer is a stream, sent as events. */
  streams: boolean
  /** Answers may be kept by caches between us and the client. */
  cacheable: boolean
  /** What the answer's entity tag is made of; undefined: it has none. */
  tag: TagRule | undefined
}

export interface BoundVariable extends Variable {
  path: DescField[]
}

/**
 * Every route, from the google.api.http rules of the descriptors: nothing is written by hand, a new RPC has its route.
 * @throws Error for a rule that makes no sense, or two that can't be told apart
 */
export function buildRoutes(rpcs: readonly RpcDescriptor[]): PathTree<Route> {
  const tree = new PathTree<Route>()
  const routes = rpcs.flatMap((rpc) => (rpc.route === undefined ? [] : routesOf(rpc, rpc.route)))
  for (const route of routes) {
    if (route.creates) route.location = locationRule(route, routes)
    tree.add(route.method, route.template, route)
  }
  return tree
}

function routesOf(rpc: RpcDescriptor, rule: HttpRule): Route[] {
  return [rule, ...rule.additionalBindings].map((binding) => {
    try {
      return newRoute(rpc, binding)
    } catch (error) {
      throw new Error(`${rpc.service}.${rpc.method}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  })
}

function newRoute(rpc: RpcDescriptor, rule: HttpRule): Route {
  const [method, path] = methodAndPath(rule)
  const streams = rpc.desc.methodKind === 'server_streaming'
  if (rpc.desc.methodKind !== 'unary' && !(streams && method === 'GET')) {
    throw new Error('a route is for a unary RPC, or with GET for one whose answer is a stream')
  }
  const template = parsePathTemplate(path)
  const variables = template.variables.map((variable) => ({ ...variable, path: fieldOfVariable(rpc.desc.input, variable) }))
  const body = rule.body === '*' || rule.body === '' ? rule.body || undefined : ownField(rpc.desc.input, rule.body)
  const bodyField = typeof body === 'object' ? body : undefined
  const responseBody = rule.responseBody === '' ? undefined : ownField(rpc.desc.output, rule.responseBody)
  const headers = rpc.desc.input.fields.flatMap((field) => {
    const header = headerOf(field)
    return header === undefined ? [] : [{ name: header, field }]
  })
  const cacheable = !streams && method === 'GET' && rpc.access.who === 'PUBLIC'
  return {
    method,
    template,
    rpc,
    variables,
    bound: new Set([
      ...template.variables.map((variable) => variable.field),
      ...(bodyField === undefined ? [] : [bodyField.name]),
      ...headers.map(({ field }) => field.name),
    ]),
    body,
    rawBody: httpBodyPlace(rpc.desc.input, body),
    headers,
    bodyIsValue: bodyField !== undefined && !(bodyField.fieldKind === 'message' && isPlainMessage(bodyField.message)),
    updateMask: findUpdateMask(method, rpc.desc.input),
    bodyOptional: template.verb !== '',
    responseBody,
    rawAnswer: httpBodyPlace(rpc.desc.output, responseBody ?? '*'),
    creates: createsResource(rpc, method, path),
    location: undefined,
    streams,
    cacheable,
    tag: tagRule({ cacheable, rpc, responseBody }),
  }
}

function methodAndPath(rule: HttpRule): [string, string] {
  const { get, post, put, patch, delete: remove, custom } = rule
  const pairs = Object.entries({ GET: get, POST: post, PUT: put, PATCH: patch, DELETE: remove })
  if (custom !== undefined) pairs.push([custom.kind, custom.path])
  for (const [method, path] of pairs) if (path !== undefined) return [method, path]
  throw new Error('the rule has no method')
}

function fieldOfVariable(message: DescMessage, variable: Variable): DescField[] {
  const path = resolvePath(message, variable.field)
  if (path === undefined || path.some((field) => field.fieldKind === 'list')) {
    throw new Error(`${message.typeName} has no single field ${variable.field} for the path to fill`)
  }
  return path
}

function ownField(message: DescMessage, name: string): DescField {
  const field = message.fields.find((candidate) => candidate.name === name)
  if (field === undefined) throw new Error(`${message.typeName} has no field ${name}`)
  return field
}
