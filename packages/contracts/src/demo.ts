export * from '../gen/holdfast/demo/v1/demo_service'
