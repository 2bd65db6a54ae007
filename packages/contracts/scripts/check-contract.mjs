// What buf lint can't know: every RPC says who may call it, and has a JSON route or says that it has none.
import { createFileRegistry, fromBinary, getExtension, hasExtension, ScalarType } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

/** @param {Uint8Array} descriptorSet a serialized google.protobuf.FileDescriptorSet
 *  @returns {string[]} what is wrong, a sentence each; empty when all is well */
export function checkContract(descriptorSet) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet))
  const option = (options, name) => {
    const extension = registry.getExtension(name)
    return options && extension && hasExtension(options, extension) ? getExtension(options, extension) : undefined
  }
  const problems = []
  const eventTypes = new Map()
  for (const type of registry) {
    if (type.kind === 'service' && type.typeName.startsWith('holdfast.')) {
      for (const method of type.methods) {
        const name = `${type.typeName}.${method.name}`
        const access = option(method.proto.options, 'holdfast.common.v1.access')
        const noRoute = option(method.proto.options, 'holdfast.common.v1.no_route') === true
        const route = option(method.proto.options, 'google.api.http')
        if (!access || access.who === 0) problems.push(`${name} does not say who may call it (holdfast.common.v1.access)`)
        else if (access.who === 4 && access.callers.length === 0) problems.push(`${name} is for services but names none`)
        if (!route && !noRoute) problems.push(`${name} has neither a route (google.api.http) nor no_route`)
        if (method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming')
          problems.push(`${name} takes a stream: no service serves one`)
        const streams = method.methodKind === 'server_streaming'
        if (streams && route && (route.pattern.case !== 'get' || route.additionalBindings.length > 0))
          problems.push(`${name} answers a stream: its one route has to be a GET`)
        for (const flag of ['mutates', 'combined'])
          if (streams && option(method.proto.options, `holdfast.common.v1.${flag}`) === true)
            problems.push(`${name} answers a stream and says ${flag}`)
        const cached = option(method.proto.options, 'holdfast.common.v1.cached')
        if (cached)
          problems.push(...whyNotCached(type, method, cached, access, option).map((why) => `${name} is cached, but ${why}`))
        const raw = option(method.proto.options, 'holdfast.common.v1.media_types')
        if (raw && ![method.input, method.output].some(hasHttpBody))
          problems.push(`${name} has media types, but neither takes nor gives a google.api.HttpBody`)
        for (const field of method.input.fields) {
          const header = option(field.proto.options, 'holdfast.common.v1.header')
          if (header === undefined) continue
          if (typeof header !== 'string' || !/^[a-z][a-z0-9-]*$/.test(header))
            problems.push(`${name}: what gives ${field.name} is no header in lower case`)
          if (field.fieldKind !== 'scalar' || field.scalar !== ScalarType.STRING)
            problems.push(`${name}: ${field.name} is no text for a header to give`)
        }
        if (route && noRoute) problems.push(`${name} has a route and says no_route`)
      }
    }
    if (type.kind === 'message' && type.typeName.startsWith('holdfast.')) {
      const event = option(type.proto.options, 'holdfast.common.v1.event')
      if (!event) continue
      if (!/^holdfast\.[a-z_]+\.[a-z_]+\.v\d+$/.test(event.type))
        problems.push(`${type.typeName}: "${event.type}" is no event type`)
      if (!/^holdfast\.[a-z]+\.v\d+$/.test(event.topic)) problems.push(`${type.typeName}: "${event.topic}" is no topic`)
      const topic = option(type.file.proto.options, 'holdfast.common.v1.topic')
      if (topic?.name !== event.topic || topic.key === '')
        problems.push(`${type.typeName}: its file does not say what ${event.topic} is keyed by (holdfast.common.v1.topic)`)
      if (eventTypes.has(event.type)) problems.push(`${type.typeName} and ${eventTypes.get(event.type)} have one type`)
      eventTypes.set(event.type, type.typeName)
    }
  }
  return problems
}

const httpBody = 'google.api.HttpBody'

function hasHttpBody(message) {
  return message.typeName === httpBody || message.fields.some((field) => field.message?.typeName === httpBody)
}

/** Keeping an answer is right only where everybody gets the same, and somebody says when it is no longer true. */
function whyNotCached(service, method, { changes, name }, access, option) {
  const found = []
  const mutates = option(method.proto.options, 'holdfast.common.v1.mutates') === true
  if (method.methodKind !== 'unary' || mutates || access?.who !== 1) found.push('it is not a unary read for anybody')
  const isList = (field) => field?.fieldKind === 'list' && field.listKind === 'scalar' && field.scalar === ScalarType.STRING
  const is = (field, scalar) => field?.fieldKind === 'scalar' && field.scalar === scalar
  const teller = service.methods.find((candidate) => candidate.name === changes)
  const { after } = teller?.input.field ?? {}
  const { changed, position, all } = teller?.output.field ?? {}
  const tells = is(after, ScalarType.STRING) && isList(changed) && is(position, ScalarType.STRING) && is(all, ScalarType.BOOL)
  if (!tells) found.push(`${changes} does not tell what has changed`)
  const path = name === '' ? [] : name.split('.')
  let fields = method.output.fields
  const last = path.map((part) => {
    const field = fields.find((candidate) => candidate.name === part)
    fields = field?.fieldKind === 'message' ? field.message.fields : []
    return field
  })
  if (path.length > 0 && !is(last.at(-1), ScalarType.STRING)) found.push(`its answer has no text ${name}`)
  return found
}
