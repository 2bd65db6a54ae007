import type { Shipment } from '@holdfast/client'
import { Button, Group } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../api/client.ts'
import { whenText } from '../shop/texts.ts'
import { StateBadge } from '../ui/badge.tsx'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { ShelfIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { DataTable } from './data-table.tsx'
import { Paged } from '../ui/paged.tsx'
import { type ShipmentState, shipments } from './queries.ts'
import { StateSelect } from './state-select.tsx'

const words: Record<ShipmentState, string> = { OPEN: 'On the way', RECEIVED: 'Received', CANCELLED: 'Cancelled' }

const states = Object.keys(words) as ShipmentState[]

/** What suppliers and other warehouses have sent. */
export function ShipmentsPage() {
  const [state, setState] = useState<ShipmentState | undefined>('OPEN')
  return (
    <Page
      title="On the way"
      lead="From suppliers and between warehouses. Nobody can reserve it before it is received."
      aside={<StateSelect states={states} textOf={(one) => words[one]} value={state} onChange={setState} />}
    >
      <Paged
        query={useInfiniteQuery(shipments(state))}
        what="the shipments"
        rowsOf={(page) => page.shipments}
        empty={
          <Empty icon={<ShelfIcon />} title="Nothing is on the way">
            Expect a delivery, or send units to another warehouse, from the page of a product.
          </Empty>
        }
      >
        {(rows) => <Shipments shipments={rows} />}
      </Paged>
    </Page>
  )
}

function Shipments({ shipments: rows }: { shipments: readonly Shipment[] }) {
  const queries = useQueryClient()
  const { mutate, error, isPending, variables } = useMutation({
    mutationFn: async ({ shipment, what }: { shipment: Shipment; what: 'receive' | 'cancel' }) =>
      what === 'receive' ? receiveAll(shipment) : api.cancelShipment({ id: shipment.id }),
    onSettled: async () => queries.invalidateQueries({ queryKey: ['shipments'] }),
  })
  return (
    <>
      {error !== null && <ProblemNote error={error} />}
      <DataTable
        name="Shipments"
        rows={rows}
        keyOf={({ id }) => id}
        minWidth={760}
        columns={[
          { head: 'Since', cell: ({ createdAt }) => whenText(createdAt) },
          {
            head: 'From',
            cell: ({ supplier, fromWarehouse, reference }) => fromWarehouse || supplier || reference || 'a supplier',
          },
          { head: 'To', cell: ({ warehouse }) => warehouse },
          {
            head: 'What',
            cell: ({ lines }) => lines.map(({ sku, received, expected }) => `${sku} ${received} of ${expected}`).join(', '),
          },
          { head: 'State', cell: stateOf },
          {
            head: '',
            label: 'Receive or cancel',
            number: true,
            cell: (shipment) =>
              shipment.state === 'OPEN' && (
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  <Button
                    size="xs"
                    loading={isPending && variables.shipment === shipment}
                    onClick={() => mutate({ shipment, what: 'receive' })}
                  >
                    All has arrived
                  </Button>
                  <ConfirmButton
                    label="Will not come"
                    size="xs"
                    question="Write off what has not arrived?"
                    onConfirm={() => mutate({ shipment, what: 'cancel' })}
                  >
                    {shipment.fromWarehouse === ''
                      ? 'It is expected no longer.'
                      : `It is sellable again in ${shipment.fromWarehouse}, where it came from.`}
                  </ConfirmButton>
                </Group>
              ),
          },
        ]}
      />
    </>
  )
}

/** Named by the version that was seen: pressed twice, it is received once. */
async function receiveAll({ id, version, lines }: Shipment): Promise<unknown> {
  const open = lines.filter((line) => line.open > 0)
  return api.receiveShipment({
    id,
    receiptReference: `console-${version}`,
    lines: open.map((line) => ({ sku: line.sku, quantity: line.open })),
  })
}

function stateOf({ state }: Shipment) {
  if (state === 'STATE_UNSPECIFIED') return null
  return <StateBadge tone={state === 'OPEN' ? 'warm' : 'calm'}>{words[state]}</StateBadge>
}
