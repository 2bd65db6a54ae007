import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'

/** A gRPC server on a free port with the RPCs that are given; any other is UNIMPLEMENTED. */
export async function serveGrpc(definition: ServiceDefinition, handlers: UntypedServiceImplementation): Promise<number> {
  const server = new Server()
  server.addService(definition, handlers)
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)))
  })
}
