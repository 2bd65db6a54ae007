export type { HttpRule } from '../gen/google/api/http'
export {
  descriptorSet,
  type EventDescriptor,
  eventDescriptors,
  registry,
  type RpcDescriptor,
  rpcDescriptors,
} from './descriptors'
