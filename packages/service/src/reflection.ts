/** gRPC reflection, for people who look around with a client that knows nothing of us. */
import type { MethodDefinition, Server, ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { PackageDefinition } from '@grpc/proto-loader'
import type * as Reflection from '@grpc/reflection'
import { fileDescriptors } from '@holdfast/contracts'

type Handler = (call: ServerDuplexStream<unknown, unknown>) => void

interface Made {
  method: MethodDefinition<unknown, unknown>
  handler: Handler
}

const paths = ['v1', 'v1alpha'].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`)

/**
 * Serves it, and makes it when the first one asks: its library reads every file twice, which would be an eighth of a start.
 * @param services those that it lists
 */
export function addReflection(server: Server, services: string[]): void {
  let made: Map<string, Made> | undefined
  const find = (path: string): Made => {
    made ??= makeReflection(services)
    const found = made.get(path)
    if (found === undefined) throw new Error(`the library has no ${path}`)
    return found
  }
  for (const path of paths) {
    const method: MethodDefinition<unknown, unknown> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (request) => find(path).method.requestSerialize(request),
      requestDeserialize: (bytes) => find(path).method.requestDeserialize(bytes),
      responseSerialize: (response) => find(path).method.responseSerialize(response),
      responseDeserialize: (bytes) => find(path).method.responseDeserialize(bytes),
    }
    const handler: Handler = (call) => find(path).handler(call)
    server.addService({ reflect: method }, { reflect: handler })
  }
}

/** What the library would add to a server, by path. */
function makeReflection(services: string[]): Map<string, Made> {
  const { ReflectionService } = require('@grpc/reflection') as typeof Reflection
  const made = new Map<string, Made>()
  const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
    for (const [name, method] of Object.entries(definition)) {
      made.set(method.path, { method, handler: implementation[name] as Handler })
    }
  }
  new ReflectionService(reflected(), { services }).addToServer({ addService })
  return made
}

/**
 * The files as buf wrote them. proto-loader would make them anew and lose their imports, without which strict clients
 * (grpcurl, protobuf-go) can't resolve a type; of its package definition, reflection reads nothing but these bytes.
 */
function reflected(): PackageDefinition {
  return { proto: { fileDescriptorProtos: fileDescriptors() } } as unknown as PackageDefinition
}
