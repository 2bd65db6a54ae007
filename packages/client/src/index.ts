export * from './api.ts'
export { type CallOptions, type Client, type ClientOptions, createClient } from './client.ts'
export { HoldfastApiError, type Problem } from './problem.ts'
