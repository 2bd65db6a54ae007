import { NativeSelect } from '@mantine/core'

import { durationText } from '../ui/use-remaining.ts'

/** How long it may be held, s. */
const times = [60, 300, 900, 3600]
export const usualHoldTime = 300

export interface HoldTimeProps {
  /** In s. */
  value: number
  onChange: (seconds: number) => void
  disabled?: boolean
  className?: string
}

export function HoldTime({ value, onChange, ...props }: HoldTimeProps) {
  return (
    <NativeSelect
      label="Hold them for"
      size="md"
      value={value}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
      data={times.map((seconds) => ({ value: String(seconds), label: durationText(seconds) }))}
      {...props}
    />
  )
}
