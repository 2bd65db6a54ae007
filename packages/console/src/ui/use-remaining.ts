import { useEffect, useState } from 'react'

import { serverNow } from '../api/clock.ts'

/** How often the time that is left is looked at, ms. */
const stepMs = 250

/** How long until a time of the server's, by its clock; 0 from then on. In ms. */
export function useRemaining(until: string | undefined): number {
  const endsAt = until === undefined ? Number.NaN : Date.parse(until)
  const [remaining, setRemaining] = useState(() => left(endsAt))
  useEffect(() => {
    const look = (): void => setRemaining(left(endsAt))
    look()
    const timer = setInterval(look, stepMs)
    return () => clearInterval(timer)
  }, [endsAt])
  return remaining
}

function left(endsAt: number): number {
  return Number.isNaN(endsAt) ? 0 : Math.max(0, endsAt - serverNow())
}

/** `4:07`, from an hour on `1:04:07`; a second that has begun counts. */
export function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** `5 minutes`, for what is read aloud or stands in a sentence. */
export function durationText(seconds: number): string {
  const [count, unit] =
    seconds >= 3600
      ? [Math.round(seconds / 3600), 'hour']
      : seconds >= 60
        ? [Math.round(seconds / 60), 'minute']
        : [Math.round(seconds), 'second']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
