export * from '../gen/holdfast/auth/v1/auth_service'
export * from '../gen/holdfast/auth/v1/events'
