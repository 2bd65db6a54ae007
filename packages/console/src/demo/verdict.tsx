import type { Sale } from '@holdfast/client'
import { Alert } from '@mantine/core'

import { AlertIcon, CheckIcon } from '../ui/icons.tsx'
import { count } from './words.ts'
import classes from './verdict.module.css'

/** What the system itself found when the sale was over. */
export function Verdict({ sale }: { sale: Sale }) {
  const { books, stock, problem, phase } = sale
  if (phase === 'STOPPED' || phase === 'FAILED') {
    return (
      <Alert color="ember" icon={<AlertIcon />} title={phase === 'STOPPED' ? 'The sale was stopped' : 'The sale failed'}>
        {problem}. What was still reserved has been given back.
      </Alert>
    )
  }
  if (books === undefined) return null
  const sold = `${count(books.sold)} of ${count(stock)} units were sold, to ${count(books.paid)} shoppers who paid.`
  const kept = books.onHand === 0 ? 'Nothing is left.' : `${count(books.onHand)} are left.`
  if (!books.balanced) {
    return (
      <Alert color="red" icon={<AlertIcon />} title="The books do not balance">
        {sold} {kept} {count(books.differences)} rows of the shop do not fit.
      </Alert>
    )
  }
  return (
    <div className={classes.verdict}>
      <CheckIcon size={34} />
      <div>
        <p className={classes.title}>The books balance.</p>
        <p className={classes.text}>
          {sold} {kept} All {count(Number(books.rowsChecked))} rows of the shop were checked again, and fit.
          {sale.gaveUp > 0 && ` ${count(sale.gaveUp)} shoppers got no answer that counts: ${problem}.`}
        </p>
      </div>
    </div>
  )
}
