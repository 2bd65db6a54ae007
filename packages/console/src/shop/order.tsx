import type { Order } from '@holdfast/client'
import { Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api } from '../api/client.ts'
import { order as orderQuery } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { StateBadge } from '../ui/badge.tsx'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Loading } from '../ui/states.tsx'
import { Lines } from './lines.tsx'
import { cancelText, orderState, paymentText } from './order-states.ts'
import { PayPanel } from './pay-panel.tsx'
import { whenText } from './texts.ts'
import classes from './two-columns.module.css'

const back = { to: paths.orders, text: 'Your orders' }

export function OrderPage({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(orderQuery(id))
  if (data === undefined) {
    return (
      <Page title="Order" back={back}>
        {error === null ? <Loading what="the order" /> : <ProblemNote error={error} onRetry={() => void refetch()} />}
      </Page>
    )
  }
  return <Shown order={data} />
}

function Shown({ order }: { order: Order }) {
  const queries = useQueryClient()
  const { queryKey } = orderQuery(order.id)
  const { text, tone } = orderState(order)
  const take = ({ order: changed }: { order?: Order }): void => {
    if (changed !== undefined) queries.setQueryData(queryKey, changed)
    void queries.invalidateQueries({ queryKey: ['orders', 'list'] })
    void queries.invalidateQueries({ queryKey: ['reservations'] })
  }
  const again = (): void => void queries.invalidateQueries({ queryKey })
  const cancel = useMutation({ mutationFn: async () => api.cancelOrder({ id: order.id }), onSuccess: take, onError: again })
  const pay = async (paymentToken: string): Promise<void> => {
    try {
      take(await api.confirmOrder({ id: order.id, paymentToken }))
    } catch (error) {
      again()
      throw error
    }
  }
  const isPayable = order.status === 'PENDING' && order.paymentStatus !== 'IN_PROGRESS'
  return (
    <Page
      title={order.status === 'PENDING' ? 'Almost yours' : order.status === 'CANCELLED' ? 'Order, cancelled' : 'Thank you'}
      lead={`Order of ${whenText(order.createdAt)}`}
      back={back}
      aside={<StateBadge tone={tone}>{text}</StateBadge>}
    >
      <div className={classes.columns}>
        <Panel title="What you ordered">
          <Lines lines={order.lines} total={order.total} />
        </Panel>
        <div className={classes.side}>
          <Panel title="Payment">
            <Text role="status">{paymentText(order)}</Text>
            <Text c="dimmed">{cancelText(order)}</Text>
            <Text size="xs" c="dimmed" mt="sm">
              Order {order.id}
            </Text>
            {(order.status === 'PENDING' || order.status === 'CONFIRMED') && (
              <ConfirmButton
                mt="md"
                label="Cancel the order"
                question="Cancel this order?"
                loading={cancel.isPending}
                onConfirm={() => cancel.mutate()}
              >
                {order.status === 'CONFIRMED'
                  ? 'Your money is given back, and the units go to others.'
                  : 'The units go to others.'}
              </ConfirmButton>
            )}
            {cancel.error !== null && <ProblemNote error={cancel.error} />}
          </Panel>
          {isPayable && <PayPanel amount={moneyText(order.total)} pay={pay} />}
        </div>
      </div>
    </Page>
  )
}
