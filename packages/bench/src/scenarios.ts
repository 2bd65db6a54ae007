import type { Shape } from './load/task'
import type { SystemName } from './systems/system'

export interface Scenario {
  name: string
  title: string
  connections: number
  skus: number
  /** Units of each SKU at the beginning. */
  stock: number
  shape: Shape
  systems: SystemName[]
}

export interface ScenarioOptions {
  /** Of each measurement. */
  seconds: number
  /** Requests of the flash sale. */
  saleRequests: number
}

/** More than any run can take. */
const plenty = 1_000_000_000

export const saleStock = 5_000

const all: SystemName[] = ['holdfast', 'empty-relay', 'for-update', 'redis-lua']
const keepingBooks: SystemName[] = ['holdfast', 'for-update', 'redis-lua']

/** What is measured, in this order. */
export function makeScenarios({ seconds, saleRequests }: ScenarioOptions): Scenario[] {
  const closed = (connections: number, skus = 1, systems = all): Scenario => ({
    name: `closed-${connections}${skus === 1 ? '' : `-skus-${skus}`}`,
    title: `${skus === 1 ? '1 SKU' : `${skus.toLocaleString('en-GB')} SKUs`}, ${connections} connection${connections === 1 ? '' : 's'}`,
    connections,
    skus,
    systems,
    stock: plenty,
    shape: { kind: 'closed', seconds },
  })
  return [
    closed(1),
    closed(10),
    closed(100, 1, [...all, 'nothing']),
    closed(300, 1, [...all, 'nothing']),
    closed(100, 10, keepingBooks),
    closed(100, 1_000, keepingBooks),
    {
      name: 'open-500',
      title: '1 SKU, 500 requests a second, open loop',
      connections: 300,
      skus: 1,
      stock: plenty,
      shape: { kind: 'open', seconds, perSecond: 500 },
      systems: all,
    },
    {
      name: 'sale',
      title: `a sale of ${saleStock.toLocaleString('en-GB')} units, ${saleRequests.toLocaleString('en-GB')} requests, 300 connections`,
      connections: 300,
      skus: 1,
      stock: saleStock,
      shape: { kind: 'count', requests: saleRequests },
      systems: keepingBooks,
    },
  ]
}
