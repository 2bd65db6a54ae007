export type { HttpRule } from '../gen/google/api/http'
export { HttpBody } from '../gen/google/api/httpbody'
export {
  createsResource,
  descriptorSet,
  type EventDescriptor,
  eventDescriptors,
  fileDescriptors,
  headerOf,
  registry,
  type RpcDescriptor,
  rpcDescriptors,
  topicDescriptors,
} from './descriptors'
