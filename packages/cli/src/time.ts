import type { Cell } from './table'

/** Seconds as `1h 02m 03s`; with a minus where the time is past. */
export function inWords(seconds: number): string {
  const whole = Math.abs(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60]
  const words = hours > 0 ? `${hours}h ${two(minutes)}m ` : minutes > 0 ? `${minutes}m ` : ''
  return `${seconds < 0 ? '-' : ''}${words}${words === '' ? whole : two(whole % 60)}s`
}

/** From now on, by this machine's clock. */
export function timeLeft(until: string | undefined): string {
  return until === undefined ? '' : inWords(Math.round((Date.parse(until) - Date.now()) / 1000))
}

/** To the second, UTC. */
export function at(time: string | undefined): Cell {
  return time?.replace(/\.\d+Z$/, 'Z')
}
