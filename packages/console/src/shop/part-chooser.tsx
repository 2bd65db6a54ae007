import type { ReservationLine } from '@holdfast/client'
import { NumberInput, Stack, Switch } from '@mantine/core'

import classes from './part-chooser.module.css'

/** Units by {@link keyOf} line; undefined: all of it. */
export type Part = ReadonlyMap<string, number> | undefined

const keyOf = ({ sku, warehouse }: ReservationLine): string => `${sku} ${warehouse}`

/** Of each line as many as are chosen, and never more than there are: it may have changed since. */
export function chosenLines(lines: readonly ReservationLine[], part: Part): ReservationLine[] {
  return lines
    .map((line) => ({ ...line, quantity: Math.min(part?.get(keyOf(line)) ?? line.quantity, line.quantity) }))
    .filter(({ quantity }) => quantity > 0)
}

/** Whether they are all that there is. */
export function isWhole(lines: readonly ReservationLine[], chosen: readonly ReservationLine[]): boolean {
  const units = (some: readonly ReservationLine[]): number => some.reduce((sum, { quantity }) => sum + quantity, 0)
  return units(lines) === units(chosen)
}

export interface PartChooserProps {
  lines: readonly ReservationLine[]
  part: Part
  onChange: (part: Part) => void
}

/** Which units are paid for now; the others stay held. */
export function PartChooser({ lines, part, onChange }: PartChooserProps) {
  const [first] = lines
  if (first === undefined || (lines.length === 1 && first.quantity === 1)) return null
  const isOneWarehouse = lines.every(({ warehouse }) => warehouse === first.warehouse)
  return (
    <div className={classes.chooser}>
      <Switch
        label="Pay for a part of it"
        description="The rest stays held until its time is over."
        checked={part !== undefined}
        onChange={({ currentTarget: { checked } }) => onChange(checked ? new Map() : undefined)}
      />
      {part !== undefined && (
        <Stack gap="xs" mt="sm">
          {lines.map((line) => (
            <NumberInput
              key={keyOf(line)}
              label={`Pay for how many ${line.sku}${isOneWarehouse ? '' : ` from ${line.warehouse}`}`}
              description={`Of ${line.quantity}`}
              min={0}
              max={line.quantity}
              clampBehavior="strict"
              allowDecimal={false}
              allowNegative={false}
              value={Math.min(part.get(keyOf(line)) ?? line.quantity, line.quantity)}
              onChange={(value) => onChange(new Map(part).set(keyOf(line), Number(value) || 0))}
            />
          ))}
        </Stack>
      )}
    </div>
  )
}
