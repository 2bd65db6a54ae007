import type { Sale } from '@holdfast/client'

export type Strategy = 'COMBINING' | 'PESSIMISTIC' | 'OPTIMISTIC'

/** How units are held, in the words of this page. */
export const strategies: readonly { value: Strategy; label: string; text: string }[] = [
  {
    value: 'COMBINING',
    label: 'Combining',
    text: 'Requests that come in at the same time are decided together, in one commit.',
  },
  {
    value: 'PESSIMISTIC',
    label: 'Pessimistic',
    text: 'A transaction for each request; one waits for the lock of the other.',
  },
  {
    value: 'OPTIMISTIC',
    label: 'Optimistic',
    text: 'A transaction for each request, begun again where another was quicker.',
  },
]

export const labelOf = (strategy: Sale['strategy']): string =>
  strategies.find(({ value }) => value === strategy)?.label ?? strategy

/** What is going on, in a few words. */
export const phases: Readonly<Record<Sale['phase'], string>> = {
  PHASE_UNSPECIFIED: '',
  WAITING: 'The shoppers come together',
  SELLING: 'The race is on',
  PAYING: 'Winners pay, one in five lets go, and who was refused gets what came back',
  CHECKING: 'The books are checked',
  DONE: 'The sale is over',
  STOPPED: 'The sale was stopped',
  FAILED: 'The sale failed',
}

const whole = new Intl.NumberFormat()

export const count = (value: number): string => whole.format(Math.round(value))

const digits = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })

/** With three digits, in ms or s. */
export function duration(micros: number): string {
  const ms = micros / 1_000
  return ms < 1_000 ? `${digits.format(ms)} ms` : `${digits.format(ms / 1_000)} s`
}
