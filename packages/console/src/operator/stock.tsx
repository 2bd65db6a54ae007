import type { Availability, Product } from '@holdfast/client'
import { Switch } from '@mantine/core'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { api } from '../api/client.ts'
import { products } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { paths } from '../paths.ts'
import { StateBadge } from '../ui/badge.tsx'
import { ShelfIcon } from '../ui/icons.tsx'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { SearchBox, useSearchText } from '../ui/search-box.tsx'
import { Empty } from '../ui/states.tsx'
import { ActionForm, type Values } from './action-form.tsx'
import { DataTable } from './data-table.tsx'
import { Paged } from '../ui/paged.tsx'
import classes from './stock.module.css'

/** Every product with what there is of it, as it is this second. */
export function StockPage() {
  const search = useSearchText()
  const [isLowOnly, setLowOnly] = useState(false)
  const query = useInfiniteQuery(products(search))
  const shown = query.data?.pages.flatMap((page) => page.products) ?? []
  const availability = useAvailability(shown.map(({ sku }) => sku))
  return (
    <Page
      title="Stock"
      lead="All warehouses together. Open a product to count it, move it, or see who holds it."
      aside={
        <search className={classes.search}>
          <SearchBox label="Search products" placeholder="Name or SKU" />
          <Switch
            label="Only what is low or out"
            checked={isLowOnly}
            onChange={(event) => setLowOnly(event.currentTarget.checked)}
          />
        </search>
      }
    >
      <div className={classes.parts}>
        <Paged
          query={query}
          what="the products"
          rowsOf={(page) => page.products}
          empty={
            <Empty icon={<ShelfIcon />} title={search === '' ? 'The shelves are empty' : 'Nothing found'}>
              {search === '' ? 'Make the first product below.' : 'Try fewer words, or parts of them.'}
            </Empty>
          }
        >
          {(rows) => (
            <StockTable
              products={isLowOnly ? rows.filter((one) => isLow(one, availability.get(one.sku))) : rows}
              availability={availability}
            />
          )}
        </Paged>
        <NewProduct />
      </div>
    </Page>
  )
}

function StockTable({
  products: rows,
  availability,
}: {
  products: readonly Product[]
  availability: ReadonlyMap<string, Availability>
}) {
  const figure = (name: 'onHand' | 'reserved' | 'withheld' | 'incoming' | 'available') => ({
    number: true,
    cell: ({ sku }: Product) => availability.get(sku)?.[name] ?? '…',
  })
  return (
    <DataTable
      name="Stock of each product"
      rows={rows}
      keyOf={({ sku }) => sku}
      minWidth={720}
      columns={[
        {
          head: 'Product',
          cell: (product) => (
            <>
              <Link href={paths.stockOf(product.sku)}>{product.name}</Link>
              <span className={classes.sku}>{product.sku}</span>
              <LowBadge product={product} availability={availability.get(product.sku)} />
            </>
          ),
        },
        { head: 'Price', number: true, cell: ({ price }) => moneyText(price) },
        { head: 'On hand', ...figure('onHand') },
        { head: 'Reserved', ...figure('reserved') },
        { head: 'Withheld', ...figure('withheld') },
        { head: 'On the way', ...figure('incoming') },
        { head: 'Available', ...figure('available') },
      ]}
    />
  )
}

function LowBadge({ product, availability }: { product: Product; availability: Availability | undefined }) {
  if (!isLow(product, availability)) return null
  return availability?.available === 0 ? <StateBadge tone="bad">Out</StateBadge> : <StateBadge tone="warm">Low</StateBadge>
}

/** Where the product says nothing of what is low, only what is out is. */
function isLow({ lowStockAt = 0 }: Product, availability: Availability | undefined): boolean {
  return availability !== undefined && availability.available <= lowStockAt
}

function NewProduct() {
  const queries = useQueryClient()
  const send = async ({ sku, name, description, currency = '', amountMinor, stock }: Values): Promise<void> => {
    const price = { currency: currency.toUpperCase(), amountMinor }
    await api.createProduct({ sku, name: name ?? '', description, price, stock: Number(stock) })
    await queries.invalidateQueries({ queryKey: ['products'] })
  }
  return (
    <Panel title="A new product">
      <ActionForm
        fields={[
          { name: 'sku', label: 'SKU', required: true },
          { name: 'name', label: 'Name', required: true },
          { name: 'description', label: 'Description' },
          { name: 'currency', label: 'Currency', value: 'USD', required: true },
          {
            name: 'amountMinor',
            label: 'Price',
            description: 'In cents, or what the currency has',
            number: { min: 0 },
            required: true,
          },
          { name: 'stock', label: 'Units in MAIN', number: { min: 0 }, value: '0' },
        ]}
        button="Make it"
        send={send}
        done="It is in the catalogue."
      />
    </Panel>
  )
}
