import { ActionIcon, Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { Link } from 'wouter'

import { paths } from '../paths.ts'
import { BasketIcon, PlusIcon } from '../ui/icons.tsx'
import { mostLines, putIn } from './basket.ts'
import { useBasket } from './use-basket.ts'

/** Beside what reserves one product at once: some of it, to be reserved with others. */
export function IntoBasket({ sku, quantity }: { sku: string; quantity: number }) {
  const units = useUnitsOf(sku)
  return (
    <Button size="md" variant="default" fullWidth leftSection={<BasketIcon />} onClick={() => put(sku, quantity)}>
      {units === 0 ? 'Put into the basket' : `Put into the basket, where ${units} ${units === 1 ? 'is' : 'are'}`}
    </Button>
  )
}

/** One unit, from the catalogue. */
export function OneIntoBasket({ sku, name, className }: { sku: string; name: string; className?: string }) {
  const units = useUnitsOf(sku)
  const known = units === 0 ? '' : `, where ${units} ${units === 1 ? 'is' : 'are'}`
  return (
    <ActionIcon
      variant={units === 0 ? 'default' : 'light'}
      size="lg"
      radius="xl"
      className={className}
      aria-label={`Put ${name} into the basket${known}`}
      onClick={() => put(sku, 1)}
    >
      {units === 0 ? <PlusIcon size={18} /> : units}
    </ActionIcon>
  )
}

function useUnitsOf(sku: string): number {
  return useBasket().find((line) => line.sku === sku)?.quantity ?? 0
}

function put(sku: string, quantity: number): void {
  if (putIn(sku, quantity)) return
  notifications.show({
    id: 'basket-full',
    color: 'ember',
    title: 'The basket is full',
    message: <Link href={paths.basket}>It has {mostLines} products. Reserve them, or take some out</Link>,
    closeButtonProps: { 'aria-label': 'Close' },
  })
}
