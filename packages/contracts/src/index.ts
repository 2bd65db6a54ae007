export type { HttpRule } from '../gen/google/api/http'
export {
  createsResource,
  descriptorSet,
  type EventDescriptor,
  eventDescriptors,
  fileDescriptors,
  registry,
  type RpcDescriptor,
  rpcDescriptors,
  topicDescriptors,
} from './descriptors'
