export * from '../gen/holdfast/inventory/v1/inventory_service'
export * from '../gen/holdfast/inventory/v1/events'
