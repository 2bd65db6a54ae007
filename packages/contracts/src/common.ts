export { Access, Access_Who, Cached, EventType, MediaTypes, RateLimit, RateLimit_Kind } from '../gen/holdfast/common/v1/access'
export * from '../gen/holdfast/common/v1/types'
export * from '../gen/holdfast/common/v1/combined_call_service'
