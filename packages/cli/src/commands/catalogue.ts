/** What is sold. */
import { InvalidArgumentError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { BackorderPolicyInput, Money } from '@holdfast/client'

import { allOption, keyOption, limitOption, wholeCount, wholeNumber } from '../call'
import type { Cli } from '../cli'
import { CliProblem } from '../problem'
import { lineForm, toLines } from '../lines'
import { readMoney } from '../money'
import { pageOptions } from '../output'
import { productView } from '../views'

export function listProducts(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('list-products')
    .alias('products')
    .description('products by SKU, with their prices')
    .option('--search <words>', 'only those that have each of these words in their SKU or name')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { search, ...options }) =>
        out.pages(
          pageOptions(options, 1_000),
          async (page) => client.listProducts({ search, ...page }),
          (answer) => answer.products,
          productView,
        ),
      ),
    )
}

export function product(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('product')
    .description('one product, with all that is known of it')
    .argument('<sku>')
    .action(
      cli.run(async ({ client, out }, sku) => {
        const answer = await client.getProduct({ sku })
        await out.one(answer, answer.product, productView)
      }),
    )
}

export function createProduct(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('create-product')
    .description('a new product (admins)')
    .argument('<sku>')
    .argument('<name>')
    .requiredOption('--price <amount>', 'as 1299.99 or "1299.99 EUR"; USD where no currency is named', price)
    .option('--stock <units>', 'units in the warehouse MAIN', wholeNumber)
    .option('--description <text>')
    .option('--part <line>', `it is a bundle of these, and has no stock of its own: ${lineForm}, several times`, toLines)
    .option('--most-per-shopper <units>', 'units that one shopper may have', wholeCount)
    .option('--low-stock-at <units>', 'units at which it is told to be low', wholeNumber)
    .option('--waitlist-first', 'units are first for those who wait')
    .option('--backorder <units>', 'units that may be reserved beyond stock', wholeCount)
    .option('--backorder-until <time>', 'when those are expected, as 2026-12-24T12:00:00Z')
    .option('--backorder-warehouse <code>', 'whose arrivals they are')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, sku, name, { part: parts, backorder, backorderUntil, backorderWarehouse, ...fields }) => {
        const rule = beyondStock(backorder, backorderUntil, backorderWarehouse)
        const answer = await client.createProduct({ sku, name, parts, ...fields, ...rule })
        await out.one(answer, answer.product, productView)
      }),
    )
}

export function updateProduct(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('update-product')
    .description('changes what is named of a product, and leaves the rest (admins)')
    .argument('<sku>')
    .option('--name <text>')
    .option('--description <text>')
    .option('--price <amount>', 'as 1299.99 or "1299.99 EUR"', price)
    .option('--part <line>', `of a bundle, all of them: ${lineForm}, several times`, toLines)
    .option('--most-per-shopper <units>', '-1: no limit', wholeNumber)
    .option('--low-stock-at <units>', '-1: as the system is set', wholeNumber)
    .option('--waitlist-first', 'units are first for those who wait')
    .option('--no-waitlist-first', 'or not')
    .option('--backorder <units>', 'units that may be reserved beyond stock, the whole rule anew; -1: none', wholeNumber)
    .option('--backorder-until <time>', 'when those are expected, as 2026-12-24T12:00:00Z')
    .option('--backorder-warehouse <code>', 'whose arrivals they are')
    .option('--expected-version <version>', 'only if it has this version', wholeCount)
    .action(
      cli.run(async ({ client, out }, sku, { part: parts, backorder, backorderUntil, backorderWarehouse, ...fields }) => {
        const rule = beyondStock(backorder, backorderUntil, backorderWarehouse)
        const answer = await client.updateProduct({ sku, parts, ...fields, ...rule })
        await out.one(answer, answer.product, productView)
      }),
    )
}

function beyondStock(
  cap: number | undefined,
  until: string | undefined,
  warehouse: string | undefined,
): { backorder?: BackorderPolicyInput } {
  if (cap !== undefined)
    return { backorder: { cap, ...(until !== undefined && { until }), ...(warehouse !== undefined && { warehouse }) } }
  if (until === undefined && warehouse === undefined) return {}
  throw new CliProblem('--backorder-until and --backorder-warehouse go with --backorder', 'usage')
}

function price(text: string): Money {
  const money = readMoney(text)
  if (money === undefined) throw new InvalidArgumentError('It must be an amount, as 1299.99 or "1299.99 EUR".')
  return money
}
