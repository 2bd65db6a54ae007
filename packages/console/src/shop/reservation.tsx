import type { Reservation } from '@holdfast/client'
import { Anchor, Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { reservation as reservationQuery } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Loading } from '../ui/states.tsx'
import { HeldLines } from './held-lines.tsx'
import { HoldPanel } from './hold-panel.tsx'
import { Lines } from './lines.tsx'
import { PayHeld } from './pay-held.tsx'
import { useReserve } from './use-reserve.ts'
import classes from './two-columns.module.css'

const back = { to: paths.reservations, text: 'Your reservations' }

export function ReservationPage({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(reservationQuery(id))
  if (data === undefined) {
    return (
      <Page title="Reservation" back={back}>
        {error === null ? <Loading what="the reservation" /> : <ProblemNote error={error} onRetry={() => void refetch()} />}
      </Page>
    )
  }
  return data.status === 'ACTIVE' ? <Held reservation={data} /> : <Ended reservation={data} />
}

function Held({ reservation }: { reservation: Reservation }) {
  return (
    <Page title="Held for you" lead="Nobody else can have these until the time is over." back={back}>
      <div className={classes.columns}>
        <Panel title="What you hold">
          <HeldLines reservation={reservation} />
          {reservation.parentId !== '' && (
            <Text size="sm" mt="md">
              <Anchor component={Link} href={paths.reservation(reservation.parentId)} inherit underline="always">
                What it was a part of
              </Anchor>
            </Text>
          )}
        </Panel>
        <div className={classes.side}>
          <HoldPanel reservation={reservation} />
          <PayHeld reservation={reservation} />
        </div>
      </div>
    </Page>
  )
}

const endings = {
  EXPIRED: {
    title: 'Its time is over',
    lead: 'The units went back into stock. If they are still there you can have them again.',
  },
  CANCELLED: { title: 'Given back', lead: 'The units are in stock again.' },
  COMMITTED: { title: 'Yours for good', lead: 'This reservation was paid for and became an order.' },
}

function Ended({ reservation: { status, lines } }: { reservation: Reservation }) {
  const { title, lead } = endings[status as keyof typeof endings] ?? endings.EXPIRED
  return (
    <Page title={title} lead={lead} back={back}>
      <div className={classes.columns}>
        <Panel title="What it held">
          <Lines lines={lines} />
        </Panel>
        <div className={classes.side}>
          {status === 'COMMITTED' ? (
            <Button component={Link} href={paths.orders} size="md" fullWidth>
              See your orders
            </Button>
          ) : (
            <Again lines={lines} />
          )}
        </div>
      </div>
    </Page>
  )
}

/** The same units once more, for the usual time. */
function Again({ lines }: Pick<Reservation, 'lines'>) {
  const reserve = useReserve()
  const units = lines.map(({ sku, quantity }) => ({ sku, quantity }))
  return (
    <>
      <Button size="md" fullWidth loading={reserve.isPending} onClick={() => reserve.mutate({ lines: units })}>
        Reserve again
      </Button>
      {reserve.error !== null && <ProblemNote error={reserve.error} />}
    </>
  )
}
