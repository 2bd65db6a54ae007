import type { Money } from '@holdfast/client'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

import { product } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { moneyText, totalOf } from '../ui/money.ts'
import { SkuArt } from '../ui/sku-art.tsx'
import { expectedText } from './texts.ts'
import classes from './lines.module.css'

interface Line {
  sku: string
  warehouse: string
  quantity: number
  unitPrice?: Money
  /** Units that are promised, and not there yet. */
  backordered: number
  backorderUntil?: string
}

export interface LinesProps<One extends Line> {
  lines: readonly One[]
  /** What they come to; their sum when absent. */
  total?: Money
  /** Beneath the name of each. */
  action?: (line: One) => ReactNode
}

/** What is held or was bought, with what it costs. */
export function Lines<One extends Line>({ lines, total = totalOf(lines), action }: LinesProps<One>) {
  return (
    <>
      <ul className={classes.lines}>
        {lines.map((line) => (
          <li key={`${line.sku} ${line.warehouse}`} className={classes.line}>
            <div className={classes.art}>
              <SkuArt sku={line.sku} />
            </div>
            <div className={classes.what}>
              <ProductName sku={line.sku} />
              <span className={classes.detail}>
                {line.quantity} × {moneyText(line.unitPrice)}
                {line.warehouse !== '' && `, from ${line.warehouse}`}
                {line.backordered > 0 && `; ${line.backordered} still to come${expectedText(line.backorderUntil)}`}
              </span>
              {action?.(line)}
            </div>
            <span className={classes.price}>{moneyText(totalOf([line]))}</span>
          </li>
        ))}
      </ul>
      <p className={classes.total}>
        Total <strong>{moneyText(total)}</strong>
      </p>
    </>
  )
}

/** Its name as soon as it is known, its SKU until then. */
function ProductName({ sku }: { sku: string }) {
  const { data } = useQuery(product(sku))
  return (
    <Link href={paths.product(sku)} className={classes.name}>
      {data?.product?.name ?? sku}
    </Link>
  )
}
