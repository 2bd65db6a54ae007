import type { Sale } from '@holdfast/client'

import { Figure, Figures } from '../operator/figures.tsx'
import { Panel } from '../ui/panel.tsx'
import { Crowd } from './crowd.tsx'
import { Histogram } from './histogram.tsx'
import { StockLeft } from './stock-left.tsx'
import type { Seen } from './use-sale.ts'
import { count, duration, labelOf, phases } from './words.ts'
import classes from './stage.module.css'

/** A sale that goes on, or how it ended. */
export function Stage({ seen: { sale, line } }: { seen: Seen }) {
  const { latency } = sale
  return (
    <>
      <p className={classes.phase} role="status">
        <strong>{labelOf(sale.strategy)}.</strong> {phases[sale.phase]}.
      </p>
      <div className={classes.stage}>
        <div className={classes.wide}>
          <Panel>
            <div className={classes.sale}>
              <StockLeft sale={sale} line={line} />
              <Crowd sale={sale} />
            </div>
          </Panel>
        </div>
        <div className={classes.narrow}>
          <Panel title="How long shoppers waited">{latency !== undefined && <Histogram latency={latency} />}</Panel>
          <LastWinners sale={sale} />
        </div>
      </div>
      <Figures>
        <Figure name="Answers a second, in the race" value={count(sale.answersPerSecond)} />
        <Figure name="Got a unit in the race" value={count(sale.won)} />
        <Figure name="Told that it is sold out" value={count(sale.refused)} />
        <Figure name="Paid" value={count(sale.paid)} />
        <Figure name="Let go, and sold again" value={`${count(sale.letGo)}, ${count(sale.secondChances)}`} />
        <Figure name="The race took" value={duration(sale.raceMs * 1_000)} />
        {sale.conflicts > 0 && <Figure name="Conflicts, and asked again" value={count(sale.conflicts)} />}
        {sale.repeated > 0 && <Figure name="Requests sent again" value={count(sale.repeated)} />}
      </Figures>
    </>
  )
}

function LastWinners({ sale: { lastWinners } }: { sale: Sale }) {
  return (
    <Panel title="The last who got one">
      {lastWinners.length === 0 ? (
        <p className={classes.nobody}>Nobody yet.</p>
      ) : (
        <ol className={classes.winners}>
          {lastWinners.slice(0, 5).map(({ shopper, waitedMicros, reservationId }) => (
            <li key={reservationId}>
              <span>Shopper {count(shopper)}</span>
              <span>{duration(waitedMicros)}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  )
}
