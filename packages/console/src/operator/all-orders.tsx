import type { Order } from '@holdfast/client'
import { Button, Group } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../api/client.ts'
import { itemsText, whenText } from '../shop/texts.ts'
import { StateBadge, type Tone } from '../ui/badge.tsx'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { ReceiptIcon } from '../ui/icons.tsx'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { DataTable } from './data-table.tsx'
import { Paged } from '../ui/paged.tsx'
import { allOrders, type OrderStatus } from './queries.ts'
import { StateSelect } from './state-select.tsx'

interface Words {
  text: string
  tone: Tone
  /** What an operator may do next, and what the button says. The system refuses anything else. */
  next?: { status: OrderStatus; text: string }
  mayCancel?: boolean
}

const words: Record<OrderStatus, Words> = {
  PENDING: { text: 'Not paid', tone: 'warm', mayCancel: true },
  CONFIRMED: { text: 'Paid', tone: 'good', next: { status: 'PROCESSING', text: 'Pack it' }, mayCancel: true },
  PROCESSING: { text: 'Being packed', tone: 'good', next: { status: 'SHIPPED', text: 'It has left' } },
  SHIPPED: { text: 'On its way', tone: 'good', next: { status: 'DELIVERED', text: 'It has arrived' } },
  DELIVERED: { text: 'Delivered', tone: 'calm' },
  CANCELLED: { text: 'Cancelled', tone: 'calm' },
}

const statuses = Object.keys(words) as OrderStatus[]

/** Everybody's orders, each with what may be done with it next, and nothing else. */
export function AllOrdersPage() {
  const [status, setStatus] = useState<OrderStatus>()
  return (
    <Page
      title="Orders"
      lead="Everybody’s, the newest first."
      aside={<StateSelect states={statuses} textOf={(one) => words[one].text} value={status} onChange={setStatus} />}
    >
      <Paged
        query={useInfiniteQuery(allOrders(status))}
        what="the orders"
        rowsOf={(page) => page.orders}
        empty={
          <Empty icon={<ReceiptIcon />} title="No such order">
            What shoppers check out is shown here.
          </Empty>
        }
      >
        {(orders) => <Orders orders={orders} />}
      </Paged>
    </Page>
  )
}

function Orders({ orders }: { orders: readonly Order[] }) {
  const queries = useQueryClient()
  const { mutate, error, isPending, variables } = useMutation({
    mutationFn: async ({ id, to }: Step) =>
      to === 'CANCELLED' ? api.cancelOrder({ id }) : api.transitionOrder({ id, status: to }),
    // Also where it was refused: somebody else may have been quicker.
    onSettled: async () => queries.invalidateQueries({ queryKey: ['orders'] }),
  })
  return (
    <>
      {error !== null && <ProblemNote error={error} />}
      <DataTable
        name="Orders"
        rows={orders}
        keyOf={({ id }) => id}
        minWidth={760}
        columns={[
          { head: 'Placed', cell: ({ createdAt }) => whenText(createdAt) },
          { head: 'What', cell: ({ lines }) => itemsText(lines) },
          { head: 'Total', number: true, cell: ({ total }) => moneyText(total) },
          { head: 'State', cell: stateOf },
          {
            head: '',
            label: 'Next',
            number: true,
            cell: (order) => <NextSteps order={order} isPending={isPending && variables.id === order.id} onStep={mutate} />,
          },
        ]}
      />
    </>
  )
}

interface Step {
  id: string
  to: OrderStatus
}

function NextSteps({ order, isPending, onStep }: { order: Order; isPending: boolean; onStep: (step: Step) => void }) {
  if (order.status === 'STATUS_UNSPECIFIED') return null
  const { next, mayCancel } = words[order.status]
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      {next !== undefined && (
        <Button size="xs" loading={isPending} onClick={() => onStep({ id: order.id, to: next.status })}>
          {next.text}
        </Button>
      )}
      {mayCancel === true && (
        <ConfirmButton
          label="Cancel it"
          size="xs"
          question="Cancel this order?"
          onConfirm={() => onStep({ id: order.id, to: 'CANCELLED' })}
        >
          Its units go back into stock; what was paid is given back.
        </ConfirmButton>
      )}
    </Group>
  )
}

function stateOf({ status, paymentStatus }: Order) {
  if (status === 'STATUS_UNSPECIFIED') return null
  if (paymentStatus === 'IN_PROGRESS') return <StateBadge tone="warm">Payment under way</StateBadge>
  return <StateBadge tone={words[status].tone}>{words[status].text}</StateBadge>
}
