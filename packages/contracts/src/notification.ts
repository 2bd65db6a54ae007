export * from '../gen/holdfast/notification/v1/notification_service'
export * from '../gen/holdfast/notification/v1/events'
