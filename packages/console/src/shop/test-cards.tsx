import { Radio, Stack } from '@mantine/core'

import classes from './test-cards.module.css'

/** What the simulated provider takes, and what it does then. */
const cards = [
  { token: 'tok_ok', name: 'A good card', does: 'Paid at once.' },
  { token: 'tok_declined', name: 'A card that is declined', does: 'Nothing is paid, and the units stay yours.' },
  { token: 'tok_slow', name: 'A slow bank', does: 'Takes 20 seconds; your units are kept meanwhile, even past their time.' },
  {
    token: 'tok_callback_slow',
    name: 'A bank that calls back',
    does: 'Says after 20 seconds that it is paid; the order waits for it.',
  },
  { token: 'tok_late', name: 'A bank that answers too late', does: 'Nobody waits that long; the order tells what became of it.' },
] as const

export interface TestCardsProps {
  value: string
  onChange: (token: string) => void
}

/** No real card is asked for: these stand for what a bank can do. */
export function TestCards({ value, onChange }: TestCardsProps) {
  return (
    <Radio.Group label="Pay with a test card" value={value} onChange={onChange} classNames={{ label: classes.label }}>
      <Stack gap={0} className={classes.cards}>
        {cards.map(({ token, name, does }) => (
          <Radio key={token} value={token} label={name} description={does} classNames={{ root: classes.card }} />
        ))}
      </Stack>
    </Radio.Group>
  )
}
