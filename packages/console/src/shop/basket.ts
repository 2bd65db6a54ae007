/**
 * What somebody means to reserve together. It is this browser's alone, for all its tabs and across reloads; the shop hears of it when it is reserved. Who
 * signs out takes it along, so that the next one at this browser does not find it.
 */
import { currentSession, onSession } from '../api/session.ts'
import { readStored, writeStored } from '../api/stored.ts'

export interface BasketLine {
  sku: string
  /** Units, 1 to {@link mostUnits}. */
  quantity: number
}

/** Of one line, as the system has it. */
export const mostUnits = 1_000_000
/** The system takes more; nobody can look over more. */
export const mostLines = 100

const name = 'holdfast-basket'
const listeners = new Set<() => void>()
let lines: readonly BasketLine[] = parsed(readStored(name))

export function currentBasket(): readonly BasketLine[] {
  return lines
}

export function onBasket(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** @returns false where the basket has no room for another product */
export function putIn(sku: string, quantity: number): boolean {
  const known = lines.find((line) => line.sku === sku)
  if (known === undefined && lines.length >= mostLines) return false
  if (known === undefined) become([...lines, { sku, quantity }])
  else setQuantity(sku, known.quantity + quantity)
  return true
}

export function setQuantity(sku: string, quantity: number): void {
  const within = Math.min(Math.max(quantity, 1), mostUnits)
  become(lines.map((line) => (line.sku === sku ? { sku, quantity: within } : line)))
}

export function takeOut(sku: string): void {
  become(lines.filter((line) => line.sku !== sku))
}

export function emptyBasket(): void {
  become([])
}

/** Once per page: follows the other tabs, and whoever signs out. */
export function startBasket(): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === name) show(parsed(newValue ?? undefined))
  })
  let last = currentSession()
  onSession(() => {
    const session = currentSession()
    const hasLeft = last.status === 'in' && session.status === 'out' && !session.ended
    last = session
    if (hasLeft) emptyBasket()
  })
}

function become(next: readonly BasketLine[]): void {
  writeStored(name, next.length === 0 ? undefined : JSON.stringify(next))
  show(next)
}

function show(next: readonly BasketLine[]): void {
  lines = next
  for (const listener of listeners) listener()
}

/** Whatever is in the browser's storage: what makes no sense as a basket is none. */
function parsed(text: string | undefined): readonly BasketLine[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value.filter(isLine).slice(0, mostLines) : []
  } catch {
    return []
  }
}

function isLine(value: unknown): value is BasketLine {
  if (typeof value !== 'object' || value === null || !('sku' in value) || !('quantity' in value)) return false
  const { sku, quantity } = value
  return typeof sku === 'string' && Number.isInteger(quantity) && Number(quantity) >= 1 && Number(quantity) <= mostUnits
}
