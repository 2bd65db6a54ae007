// What buf breaking can't know, since it is said in options of ours: an event's type, topic and audit mark, and an RPC's JSON route.
import { createFileRegistry, fromBinary, getExtension, hasExtension, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

/** @param {Uint8Array} before a serialized google.protobuf.FileDescriptorSet, or buf's image, which is one
 *  @param {Uint8Array} now
 *  @returns {string[]} what was promised before and is not kept now, a sentence each */
export function takenAway(before, now) {
  const [old, current] = [promises(before), promises(now)]
  return [...old].flatMap(([name, promise]) => {
    const kept = current.get(name)
    if (kept === undefined) return [`${name} is gone (${promise})`]
    return kept === promise ? [] : [`${name} was ${promise}, and is ${kept}`]
  })
}

/** @returns {Map<string, string>} what the options say, by what they say it of */
function promises(descriptorSet) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet))
  const option = (options, name) => {
    const extension = registry.getExtension(name)
    return options && extension && hasExtension(options, extension) ? getExtension(options, extension) : undefined
  }
  const found = new Map()
  for (const type of registry) {
    if (type.kind === 'message') {
      const event = option(type.proto.options, 'holdfast.common.v1.event')
      const audited = event?.audit ? ', audited' : ''
      if (event) found.set(`event ${event.type}`, `${type.typeName} on ${event.topic}${audited}`)
    }
    if (type.kind === 'service') {
      for (const method of type.methods) {
        const route = option(method.proto.options, 'google.api.http')
        if (route) found.set(`the route of ${type.typeName}.${method.name}`, describeRoute(registry, route))
      }
    }
  }
  return found
}

/** A route as text that is equal for equal routes: its method, path and body, and its bytes where it has more than these. */
function describeRoute(registry, rule) {
  const { case: method, value: path } = rule.pattern
  const body = rule.body === '' ? '' : ` with ${rule.body === '*' ? 'a body' : `${rule.body} as its body`}`
  const schema = registry.getMessage('google.api.HttpRule')
  const more = rule.additionalBindings.map((binding) => ` and ${Buffer.from(toBinary(schema, binding)).toString('base64')}`)
  return `${method.toUpperCase()} ${path}${body}${more.join('')}`
}
