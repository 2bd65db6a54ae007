import type { Availability, Product } from '@holdfast/client'
import { Link } from 'wouter'

import { paths } from '../paths.ts'
import { moneyText } from '../ui/money.ts'
import { SkuArt } from '../ui/sku-art.tsx'
import { StockLevel } from '../ui/stock-level.tsx'
import { OneIntoBasket } from './into-basket.tsx'
import classes from './product-card.module.css'

export function ProductCard({ product, availability }: { product: Product; availability: Availability | undefined }) {
  const isThere = availability !== undefined && availability.available + availability.backorderable > 0
  return (
    <article className={classes.card}>
      <div className={classes.art}>
        <SkuArt sku={product.sku} />
      </div>
      <div className={classes.text}>
        <h2 className={classes.name}>
          {/* Its box is the whole card. */}
          <Link href={paths.product(product.sku)} className={classes.link}>
            {product.name}
          </Link>
        </h2>
        <p className={classes.price}>{moneyText(product.price)}</p>
        <div className={classes.foot}>
          <StockLevel availability={availability} />
          {/* Above the link. */}
          {isThere && <OneIntoBasket sku={product.sku} name={product.name} className={classes.put} />}
        </div>
      </div>
    </article>
  )
}
