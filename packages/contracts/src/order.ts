export * from '../gen/holdfast/order/v1/order_service'
export * from '../gen/holdfast/order/v1/events'
