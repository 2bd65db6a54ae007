/**
 * Versions of what is read, as entity tags (RFC 9110, 8.8 and 13). They are weak: an answer also has the id of its request,
 * which no two share, while the tag says which version of the resource it shows.
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf'
import { HoldfastError, invalidField } from '@holdfast/service'

import { isJsonObject } from './json-problems'
import type { Reply } from './reply'
import type { Route } from './route-table'
import { wireValue } from './wire-to-json'

/** The request's field that holds the version which a change is meant for. */
const expectedVersion = 'expected_version'

/** What an answer's tag is made of: the version of its one resource, or the text of a list of resources that have one. */
export type TagRule = { version: readonly [resource: DescField, version: DescField] } | 'text'

/** Only what anybody may read and what says its version has a tag: stock has none, and nobody keeps it. */
export function tagRule(route: Pick<Route, 'cacheable' | 'rpc' | 'responseBody'>): TagRule | undefined {
  const { output } = route.rpc.desc
  const resource = output.fields.find((field) => versionOf(field) !== undefined)
  const version = resource && versionOf(resource)
  if (!route.cacheable || version === undefined || route.responseBody !== undefined) return undefined
  if (resource?.fieldKind === 'message') return { version: [resource, version] }
  return output.fields.some((field) => field.name === 'request_id') ? undefined : 'text'
}

/** @param response its bytes, and @param body what is shown of it */
export function tagOf(rule: TagRule, response: Buffer, body: string | Buffer): string | undefined {
  if (rule === 'text') return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const version = wireValue(response, rule.version)
  return version === undefined ? undefined : `W/"${version}"`
}

/** The reply with its tag, or without its body when the client has that already. */
export function withTag(reply: Reply, tag: string | undefined, ifNoneMatch: string | undefined): Reply {
  if (tag === undefined) return reply
  // May be kept by anybody, and is asked about before each use: what a client shows is as old as what the gateway says, a second at most.
  const headers: Record<string, string> = { ...reply.headers, etag: tag, 'cache-control': 'no-cache' }
  if (ifNoneMatch === undefined || !matches(ifNoneMatch, tag)) return { ...reply, headers }
  const { 'content-type': _, ...rest } = headers
  return { status: 304, headers: rest, body: '' }
}

/**
 * A request with the header If-Match, as one that names the version. The service compares it under the row's lock. Tags are
 * compared by what they say, weak or not: a change is about the version that its tag names.
 * @throws PRECONDITION_FAILED for a tag that was never given out, INVALID_ARGUMENT for one beside another version in the body
 */
export function withExpectedVersion(
  route: Route,
  headers: IncomingHttpHeaders,
  body: JsonValue | undefined,
): JsonValue | undefined {
  const ifMatch = headers['if-match']?.trim()
  const field = ifMatch === undefined || ifMatch === '*' ? undefined : findExpectedVersion(route.rpc.desc.input)
  if (ifMatch === undefined || field === undefined || route.body !== '*') return body
  const object: JsonObject = isJsonObject(body) ? body : {}
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch)?.[1]
  if (version === undefined) throw new HoldfastError('PRECONDITION_FAILED', 'If-Match names no version of this')
  const inBody = object[field.jsonName] ?? object[field.name]
  if (inBody !== undefined && Number(inBody) !== Number(version)) {
    throw invalidField(field.jsonName, 'differs from If-Match')
  }
  const { [field.name]: _, ...rest } = object
  return { ...rest, [field.jsonName]: Number(version) }
}

function findExpectedVersion(input: DescMessage): DescField | undefined {
  return input.fields.find((field) => field.name === expectedVersion && field.scalar === ScalarType.INT32)
}

function matches(header: string, tag: string): boolean {
  if (header.trim() === '*') return true
  const opaque = tag.replace(/^W\//, '')
  return header.split(',').some((given) => given.trim().replace(/^W\//, '') === opaque)
}

function versionOf({ message }: DescField): DescField | undefined {
  return message?.fields.find((field) => field.name === 'version' && field.scalar === ScalarType.INT32)
}
