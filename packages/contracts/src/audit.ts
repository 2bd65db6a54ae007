export * from '../gen/holdfast/audit/v1/audit_service'
export * from '../gen/holdfast/audit/v1/events'
