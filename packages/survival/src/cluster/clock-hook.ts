/**
 * Preloaded (`node --require`) into every service: its calendar clock is wrong by what a file says, ms. Only `Date` is: timers
 * and `performance.now` go by a clock that no administrator and no NTP can set, and so does the database by its own.
 */
import { existsSync, readFileSync } from 'node:fs'

const lookMs = 100
const file = process.env.HOLDFAST_TEST_CLOCK
const RealDate = Date
let offset = 0

if (file !== undefined) {
  setInterval(() => {
    offset = existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0
  }, lookMs).unref()
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget: NewableFunction) =>
      Reflect.construct(target, args.length === 0 ? [RealDate.now() + offset] : args, newTarget) as Date,
    apply: () => new RealDate(RealDate.now() + offset).toString(),
    get: (target, property, receiver) =>
      property === 'now' ? () => RealDate.now() + offset : (Reflect.get(target, property, receiver) as unknown),
  })
}
