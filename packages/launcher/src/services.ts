import { join } from 'node:path'

import { workspaceRoot } from './workspace'

/** In the order of need: each asks those before it. Stopped the other way round. */
export const serviceNames = ['inventory', 'audit', 'reservation', 'order', 'gateway'] as const

/** Those that a system may go without. */
export const optionalServiceNames = ['notification'] as const

export const allServiceNames = [...serviceNames, ...optionalServiceNames] as const

export type ServiceName = (typeof allServiceNames)[number]

/** One database for each service, and one for the embedded event log. */
export const databaseNames = [...allServiceNames, 'events'] as const

export type DatabaseName = (typeof databaseNames)[number]

/** Where a service listens for gRPC unless that port is taken. */
export const usualGrpcPorts: Record<ServiceName, number> = {
  inventory: 50_051,
  reservation: 50_052,
  order: 50_053,
  audit: 50_054,
  gateway: 50_055,
  notification: 50_056,
}

/** The built main file of a service. */
export function serviceMain(name: ServiceName): string {
  return join(workspaceRoot(), 'services', name, 'dist', 'src', 'main.js')
}

/** The flash-sale room, which is no service of a shop: it has no database, no replica, and only this start runs it (decision 041). */
export const demoName = 'demo'

export const usualDemoPort = 50_057

export function demoMain(): string {
  return join(workspaceRoot(), 'packages', 'demo', 'dist', 'src', 'main.js')
}

/** A value for each service. */
export function forEachService<T>(make: (name: ServiceName) => T): Record<ServiceName, T> {
  return {
    inventory: make('inventory'),
    reservation: make('reservation'),
    order: make('order'),
    audit: make('audit'),
    gateway: make('gateway'),
    notification: make('notification'),
  }
}
