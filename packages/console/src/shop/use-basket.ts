import { useSyncExternalStore } from 'react'

import { type BasketLine, currentBasket, onBasket } from './basket.ts'

export function useBasket(): readonly BasketLine[] {
  return useSyncExternalStore(onBasket, currentBasket)
}
