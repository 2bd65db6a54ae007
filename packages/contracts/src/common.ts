export { Access, Access_Who, EventType } from '../gen/holdfast/common/v1/access'
export * from '../gen/holdfast/common/v1/types'
