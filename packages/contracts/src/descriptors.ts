import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  createFileRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  getExtension,
  hasExtension,
  toBinary,
} from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

import { HttpRule } from '../gen/google/api/http'
import {
  Access,
  Access_Who,
  Cached,
  EventType,
  MediaTypes,
  RateLimit,
  type RateLimit_Kind,
  TopicType,
} from '../gen/holdfast/common/v1/access'

/** What the proto says of one RPC. */
export interface RpcDescriptor {
  /** gRPC path, as `/holdfast.order.v1.OrderService/Checkout`. */
  path: string
  /** As `holdfast.order.v1.OrderService`. */
  service: string
  /** As `Checkout`. */
  method: string
  access: Access
  /** Its JSON route; undefined: it has none on purpose. */
  route: HttpRule | undefined
  /** It changes something. */
  mutates: boolean
  /** Calls of it that wait at the gateway travel together. */
  combined: boolean
  /** The limit of its own that it counts towards; undefined: none. */
  rateLimit: RateLimit_Kind | undefined
  /** How its answers may be kept; undefined: not at all. */
  cached: Cached | undefined
  /** Of bodies that are google.api.HttpBody. */
  mediaTypes: MediaTypes
  desc: DescMethod
}

/** What the proto says of one published event. */
export interface EventDescriptor extends EventType {
  desc: DescMessage
}

let bytes: Buffer | undefined

/** The serialized google.protobuf.FileDescriptorSet of all of proto/ and what it imports. */
export function descriptorSet(): Buffer {
  bytes ??= readFileSync(join(__dirname, '..', '..', 'gen', 'descriptors.binpb'))
  return bytes
}

/** Each file of it by itself, as gRPC reflection hands them out. */
export function fileDescriptors(): Buffer[] {
  return parsedSet().file.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)))
}

let parsed: FileDescriptorSet | undefined

/** Once: reading it is a twentieth of a service's start. */
function parsedSet(): FileDescriptorSet {
  parsed ??= fromBinary(FileDescriptorSetSchema, descriptorSet())
  return parsed
}

let files: FileRegistry | undefined

/** All types by name. */
export function registry(): FileRegistry {
  files ??= createFileRegistry(parsedSet())
  return files
}

let rpcs: RpcDescriptor[] | undefined

/** Every RPC of Holdfast's own services. */
export function rpcDescriptors(): readonly RpcDescriptor[] {
  rpcs ??= [...registry()]
    .filter((type) => type.kind === 'service')
    .filter((service) => service.typeName.startsWith('holdfast.'))
    .flatMap((service) => service.methods.map(describeRpc))
  return rpcs
}

/** Whether a route of an RPC makes a resource: its success is 201, with the address of what it made. */
export function createsResource({ method }: Pick<RpcDescriptor, 'method'>, httpMethod: string, path: string): boolean {
  const hasVerb = /:[^/}]+$/.test(path)
  return httpMethod === 'POST' && !hasVerb && /^(Create|Place|Register)/.test(method)
}

let events: EventDescriptor[] | undefined

/** Every event that is published. */
export function eventDescriptors(): readonly EventDescriptor[] {
  events ??= [...registry()]
    .filter((type) => type.kind === 'message')
    .flatMap((desc) => {
      const option = messageOption(desc)
      return option === undefined ? [] : [{ ...option, desc }]
    })
  return events
}

let topics: TopicType[] | undefined

/** Every topic that events are published on, by name. */
export function topicDescriptors(): readonly TopicType[] {
  topics ??= [...registry().files].flatMap((file) => topicOption(file) ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))
  return topics
}

function describeRpc(desc: DescMethod): RpcDescriptor {
  const access = methodOption(desc, 'holdfast.common.v1.access')
  const route = methodOption(desc, 'google.api.http')
  const rateLimit = methodOption(desc, 'holdfast.common.v1.rate_limit')
  const cached = methodOption(desc, 'holdfast.common.v1.cached')
  const mediaTypes = methodOption(desc, 'holdfast.common.v1.media_types')
  return {
    path: `/${desc.parent.typeName}/${desc.name}`,
    service: desc.parent.typeName,
    method: desc.name,
    access: access instanceof Uint8Array ? Access.decode(access) : { who: Access_Who.WHO_UNSPECIFIED, callers: [] },
    route: route instanceof Uint8Array ? HttpRule.decode(route) : undefined,
    mutates: methodOption(desc, 'holdfast.common.v1.mutates') === true,
    combined: methodOption(desc, 'holdfast.common.v1.combined') === true,
    rateLimit: rateLimit instanceof Uint8Array ? RateLimit.decode(rateLimit).kind : undefined,
    cached: cached instanceof Uint8Array ? Cached.decode(cached) : undefined,
    mediaTypes: mediaTypes instanceof Uint8Array ? MediaTypes.decode(mediaTypes) : { takes: [], gives: [] },
    desc,
  }
}

/** The header that gives a field, in lower case; undefined: none does. */
export function headerOf(field: DescField): string | undefined {
  const extension = registry().getExtension('holdfast.common.v1.header')
  const { options } = field.proto
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return undefined
  return String(getExtension(options, extension))
}

/** A message option comes back as its bytes, to be decoded by its generated type; a scalar as itself. */
function methodOption(desc: DescMethod, name: string): unknown {
  const extension = registry().getExtension(name)
  const options = desc.proto.options
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return undefined
  const value = getExtension(options, extension)
  if (extension.message === undefined) return value
  return toBinary(extension.message, value as Parameters<typeof toBinary>[1])
}

function messageOption(desc: DescMessage): EventType | undefined {
  const extension = registry().getExtension('holdfast.common.v1.event')
  const options = desc.proto.options
  if (extension?.message === undefined || options === undefined || !hasExtension(options, extension)) return undefined
  return EventType.decode(toBinary(extension.message, getExtension(options, extension) as Parameters<typeof toBinary>[1]))
}

function topicOption(desc: DescFile): TopicType | undefined {
  const extension = registry().getExtension('holdfast.common.v1.topic')
  const options = desc.proto.options
  if (extension?.message === undefined || options === undefined || !hasExtension(options, extension)) return undefined
  return TopicType.decode(toBinary(extension.message, getExtension(options, extension) as Parameters<typeof toBinary>[1]))
}
