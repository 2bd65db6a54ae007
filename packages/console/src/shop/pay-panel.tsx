import { Button, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'

import { CardIcon } from '../ui/icons.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { TestCards } from './test-cards.tsx'
import classes from './pay-panel.module.css'

export interface PayPanelProps {
  /** What is on the button, as `$12.00`. */
  amount: string
  /** There is nothing to pay for. */
  disabled?: boolean
  /** With the provider's token. */
  pay: (token: string) => Promise<void>
  /** What it is that is paid, where that may be chosen. */
  children?: ReactNode
}

export function PayPanel({ amount, disabled = false, pay, children }: PayPanelProps) {
  const [token, setToken] = useState('tok_ok')
  const payment = useMutation({ mutationFn: async () => pay(token) })
  return (
    <Panel title="Check out">
      {children}
      <TestCards value={token} onChange={setToken} />
      <Button
        mt="md"
        size="md"
        fullWidth
        leftSection={<CardIcon />}
        loading={payment.isPending}
        disabled={disabled}
        onClick={() => payment.mutate()}
      >
        Pay {amount}
      </Button>
      {payment.isPending && (
        <Text size="sm" c="dimmed" mt="xs" role="status">
          Asking the bank ... Your units are kept until it has answered.
        </Text>
      )}
      {payment.error !== null && (
        <div className={classes.problem}>
          <ProblemNote error={payment.error} />
        </div>
      )}
    </Panel>
  )
}
