import type { Availability, BackorderPolicyInput, Product } from '@holdfast/client'
import { Tabs } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'

import { api } from '../api/client.ts'
import { Panel } from '../ui/panel.tsx'
import { ActionForm, type Field, type Values } from './action-form.tsx'
import { warehouses as warehousesQuery } from './queries.ts'

type States = 'SELLABLE' | 'DAMAGED' | 'QUALITY'

const states = [
  { value: 'SELLABLE', label: 'Sellable' },
  { value: 'DAMAGED', label: 'Damaged' },
  { value: 'QUALITY', label: 'Held for quality' },
]

const why: Field = { name: 'reason', label: 'Why', required: true }

interface Action {
  name: string
  fields: readonly Field[]
  button: string
  done: string
  send: (values: Values) => Promise<unknown>
}

/** What an operator does to the stock of one product by hand; each leaves an entry in the ledger and in the audit log. */
export function StockActions({ product, availability }: { product: Product; availability: Availability | undefined }) {
  const queries = useQueryClient()
  const { data: places = [] } = useQuery(warehousesQuery)
  const warehouse: Field = {
    name: 'warehouse',
    label: 'Warehouse',
    options: places.map(({ code }) => ({ value: code, label: code })),
  }
  const actions = [...actionsOn(product, warehouse, availability), rulesOf(product)]
  const refresh = async (): Promise<void> => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['stock', product.sku] }),
      queries.invalidateQueries({ queryKey: ['products'] }),
    ])
  }
  return (
    <Panel>
      <Tabs defaultValue="0" keepMounted={false}>
        <Tabs.List mb="md">
          {actions.map(({ name }, index) => (
            <Tabs.Tab key={name} value={String(index)}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {actions.map(({ name, fields, button, done, send }, index) => (
          <Tabs.Panel key={name} value={String(index)}>
            <ActionForm fields={fields} button={button} done={done} send={async (values) => send(values).then(refresh)} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Panel>
  )
}

function actionsOn({ sku }: Product, warehouse: Field, availability: Availability | undefined): Action[] {
  const units = (label = 'Units'): Field => ({ name: 'quantity', label, number: { min: 1 }, required: true })
  const onHand = (code: string | undefined): number | undefined =>
    availability?.warehouses.find((level) => level.warehouse === code)?.onHand
  return [
    {
      name: 'Add or take',
      fields: [
        warehouse,
        { name: 'delta', label: 'Units', description: 'Below zero takes them away', number: {}, required: true },
        why,
      ],
      button: 'Adjust',
      done: 'Adjusted.',
      send: async ({ delta, ...rest }) => api.adjustStock({ sku, delta: Number(delta), ...rest }),
    },
    {
      name: 'Count',
      fields: [
        warehouse,
        {
          name: 'onHand',
          label: 'There are',
          description: 'Units on the shelf, damaged ones and all',
          number: { min: 0 },
          required: true,
        },
        why,
      ],
      button: 'Set the count',
      done: 'Counted.',
      // What this page shows is what the count is held against: a change since then is a conflict, not an overwrite.
      send: async ({ onHand: found, ...rest }) =>
        api.adjustStock({
          sku,
          expectedOnHand: onHand(rest.warehouse) ?? 0,
          onHand: Number(found),
          reasonCode: 'COUNT',
          ...rest,
        }),
    },
    {
      name: 'Change state',
      fields: [
        warehouse,
        { name: 'from', label: 'From', options: states },
        { name: 'to', label: 'To', options: states, value: 'DAMAGED' },
        units(),
        why,
      ],
      button: 'Move',
      done: 'Moved.',
      send: async ({ quantity, from, to, ...rest }) =>
        api.moveStock({ sku, quantity: Number(quantity), from: from as States, to: to as States, ...rest }),
    },
    {
      name: 'Send',
      fields: [
        { ...warehouse, name: 'from', label: 'From' },
        { ...warehouse, name: 'to', label: 'To' },
        units(),
        { name: 'reference', label: 'Document' },
      ],
      button: 'Send it on its way',
      done: 'On its way: receive it when it arrives.',
      send: async ({ quantity, ...rest }) => api.transferStock({ sku, quantity: Number(quantity), ...rest }),
    },
    {
      name: 'Expect',
      fields: [warehouse, units(), { name: 'supplier', label: 'Supplier' }, { name: 'reference', label: 'Document' }],
      button: 'Expect a delivery',
      done: 'Expected: receive it when it arrives.',
      send: async ({ quantity, ...rest }) => api.createShipment({ lines: [{ sku, quantity: Number(quantity) }], ...rest }),
    },
    {
      name: 'Keep back',
      fields: [
        warehouse,
        { name: 'units', label: 'Safety stock', description: '0 for none', number: { min: 0 }, required: true },
      ],
      button: 'Keep back',
      done: 'Kept back.',
      send: async ({ units: kept, ...rest }) => api.setSafetyStock({ sku, units: Number(kept), ...rest }),
    },
  ]
}

function rulesOf({ sku, version, mostPerShopper, lowStockAt, waitlistFirst, backorder }: Product): Action {
  const orNone = (text: string | undefined): number => (text === undefined || text === '' ? -1 : Number(text))
  return {
    name: 'Rules',
    fields: [
      {
        name: 'mostPerShopper',
        label: 'Most for one shopper',
        description: 'Empty for no limit of its own',
        number: { min: 1 },
        value: mostPerShopper?.toString(),
      },
      {
        name: 'lowStockAt',
        label: 'Low from',
        description: 'Units; empty for the usual',
        number: { min: 0 },
        value: lowStockAt?.toString(),
      },
      {
        name: 'waitlistFirst',
        label: 'Who goes first',
        options: [
          { value: 'false', label: 'Whoever comes' },
          { value: 'true', label: 'The waitlist' },
        ],
        value: String(waitlistFirst),
      },
      {
        name: 'cap',
        label: 'May be ordered ahead',
        description: 'Units beyond stock; empty for none',
        number: { min: 1 },
        value: backorder?.cap.toString(),
      },
      { name: 'until', label: 'Expected on', date: true, value: backorder?.until?.slice(0, 10) },
    ],
    button: 'Set the rules',
    done: 'They hold from now on.',
    send: async (values) =>
      api.updateProduct({
        sku,
        expectedVersion: version,
        mostPerShopper: orNone(values.mostPerShopper),
        lowStockAt: orNone(values.lowStockAt),
        waitlistFirst: values.waitlistFirst === 'true',
        backorder: backorderOf(values, backorder),
      }),
  }
}

/** Undefined where there was none and there shall be none. */
function backorderOf({ cap = '', until = '' }: Values, before: Product['backorder']): BackorderPolicyInput | undefined {
  if (cap === '') return before === undefined ? undefined : { cap: -1 }
  return { cap: Number(cap), warehouse: before?.warehouse, ...(until !== '' && { until: new Date(until).toISOString() }) }
}
