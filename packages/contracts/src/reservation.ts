export * from '../gen/holdfast/reservation/v1/reservation_service'
export * from '../gen/holdfast/reservation/v1/events'
