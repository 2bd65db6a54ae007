import type { Availability, Product } from '@holdfast/client'
import { Button, Group, NumberInput, Text } from '@mantine/core'
import { Link } from 'wouter'

import { wordsFor } from '../api/error-words.ts'
import { paths } from '../paths.ts'
import { moneyText, totalOf } from '../ui/money.ts'
import { SkuArt } from '../ui/sku-art.tsx'
import { StockLevel } from '../ui/stock-level.tsx'
import { type BasketLine, mostUnits, setQuantity, takeOut } from './basket.ts'
import classes from './lines.module.css'

export interface BasketRowProps {
  line: BasketLine
  /** Undefined: not known yet, or not to be read. */
  product: Product | undefined
  readError: Error | null
  availability: Availability | undefined
  /** Why the basket was not reserved, where it was for this line. */
  refusal: Error | null
  /** A refusal is for what was asked, and counts no more for what is asked next. */
  changed: () => void
}

/** A product with how many of it are wanted, and what is wrong with that. */
export function BasketRow({ line: { sku, quantity }, product, readError, availability, refusal, changed }: BasketRowProps) {
  const most = availability && availability.available + availability.backorderable
  const take = (units: number): void => {
    changed()
    setQuantity(sku, units)
  }
  const remove = (): void => {
    changed()
    takeOut(sku)
  }
  return (
    <li className={classes.line}>
      <div className={classes.art}>
        <SkuArt sku={sku} />
      </div>
      <div className={classes.what}>
        <Link href={paths.product(sku)} className={classes.name}>
          {product?.name ?? sku}
        </Link>
        <span className={classes.detail}>{moneyText(product?.price)}</span>
        <StockLevel availability={availability} />
        <Group gap="xs" mt={6}>
          <NumberInput
            aria-label={`How many ${sku}`}
            w="5.5rem"
            min={1}
            max={Math.min(mostUnits, product?.mostPerShopper ?? mostUnits)}
            clampBehavior="strict"
            allowDecimal={false}
            allowNegative={false}
            value={quantity}
            onChange={(value) => take(Number(value) || 1)}
          />
          <Button size="xs" px="xs" variant="subtle" onClick={remove} aria-label={`Take out ${sku}`}>
            Take out
          </Button>
        </Group>
        <Trouble text={troubleOf({ quantity, most, refusal, readError })} />
        {most !== undefined && most > 0 && most < quantity && (
          <Group mt={6}>
            <Button size="xs" variant="light" onClick={() => take(most)}>
              Take the {most} that {most === 1 ? 'is' : 'are'} left
            </Button>
          </Group>
        )}
      </div>
      <span className={classes.price}>{moneyText(totalOf([{ quantity, unitPrice: product?.price }]))}</span>
    </li>
  )
}

function Trouble({ text }: { text: string | undefined }) {
  return (
    <Text size="sm" c="var(--mantine-color-error)" role="status" mt={text === undefined ? 0 : 6}>
      {text}
    </Text>
  )
}

interface Trouble {
  quantity: number
  most: number | undefined
  refusal: Error | null
  readError: Error | null
}

/** What has been said of it, and what can be seen before it is asked for. */
function troubleOf({ quantity, most, refusal, readError }: Trouble): string | undefined {
  if (most !== undefined && most <= 0) return 'Nothing is left of it right now.'
  if (most !== undefined && most < quantity) return `Only ${most} of them can be had right now.`
  const error = refusal ?? readError
  if (error === null) return undefined
  const { title, text } = wordsFor(error)
  return `${title}. ${text}`
}
