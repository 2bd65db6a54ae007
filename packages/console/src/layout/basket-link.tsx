import { Link } from 'wouter'

import { paths } from '../paths.ts'
import { useBasket } from '../shop/use-basket.ts'
import { BasketIcon } from '../ui/icons.tsx'
import classes from './basket-link.module.css'

/** On every page, while something is in it. */
export function BasketLink() {
  const basket = useBasket()
  if (basket.length === 0) return null
  const units = basket.reduce((sum, { quantity }) => sum + quantity, 0)
  return (
    <Link href={paths.basket} className={classes.link} aria-label={`Basket, ${units} ${units === 1 ? 'unit' : 'units'}`}>
      <BasketIcon />
      <span className={classes.count} aria-hidden="true">
        {units > 99 ? '99+' : units}
      </span>
    </Link>
  )
}
