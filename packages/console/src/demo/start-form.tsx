import { Button, SegmentedControl, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'

import { fieldProblem } from '../api/error-words.ts'
import { ProblemNote } from '../ui/problem-note.tsx'
import { strategies, type Strategy } from './words.ts'
import classes from './start-form.module.css'

export interface Wanted {
  /** 0: nothing is typed. */
  stock: number
  shoppers: number
  strategy: Strategy
}

export interface StartFormProps {
  /** What is in the fields; the page knows it, since a sale is repeated by it. */
  wanted: Wanted
  onChange: (wanted: Wanted) => void
  onStart: () => void
  /** Undefined: nothing is under way. */
  onStop: (() => void) | undefined
  isBusy: boolean
  error: unknown
}

/** What people try first. */
const presets = [
  { stock: 25, shoppers: 100 },
  { stock: 500, shoppers: 2_000 },
  { stock: 1_000, shoppers: 5_000 },
]

/** How much, for how many, and by which strategy. */
export function StartForm({ wanted, onChange, onStart, onStop, isBusy, error }: StartFormProps) {
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onStart()
  }
  const isRunning = onStop !== undefined
  const number = (name: 'stock' | 'shoppers', label: string) => (
    <TextInput
      label={label}
      type="number"
      inputMode="numeric"
      min={1}
      max={5_000}
      step={1}
      required
      withAsterisk={false}
      disabled={isRunning}
      value={wanted[name] === 0 ? '' : wanted[name]}
      error={fieldProblem(error, name)}
      onChange={({ currentTarget: { value } }) => onChange({ ...wanted, [name]: Number(value) })}
    />
  )
  const isOfFields = (['stock', 'shoppers'] as const).some((name) => fieldProblem(error, name) !== undefined)
  return (
    <form onSubmit={submit} className={classes.form} noValidate>
      <div className={classes.fields}>
        {number('stock', 'Units')}
        {number('shoppers', 'Shoppers')}
        <div className={classes.strategy}>
          <span className={classes.label} id="strategy">
            How units are held
          </span>
          <SegmentedControl
            aria-labelledby="strategy"
            fullWidth
            radius="xl"
            disabled={isRunning}
            data={strategies.map(({ value, label }) => ({ value, label }))}
            value={wanted.strategy}
            onChange={(strategy) => onChange({ ...wanted, strategy })}
          />
        </div>
        {isRunning ? (
          <Button variant="default" onClick={onStop} className={classes.button}>
            Stop
          </Button>
        ) : (
          <Button type="submit" loading={isBusy} className={classes.button}>
            Open the doors
          </Button>
        )}
      </div>
      <p className={classes.hint}>
        {strategies.find(({ value }) => value === wanted.strategy)?.text}{' '}
        {!isRunning && (
          <span className={classes.presets}>
            Try{' '}
            {presets.map(({ stock, shoppers }) => (
              <button
                key={stock}
                type="button"
                className={classes.preset}
                onClick={() => onChange({ ...wanted, stock, shoppers })}
              >
                {stock} for {shoppers}
              </button>
            ))}
          </span>
        )}
      </p>
      {error !== null && !isOfFields && <ProblemNote error={error} />}
    </form>
  )
}
