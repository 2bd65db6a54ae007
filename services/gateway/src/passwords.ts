import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'

import { Combiner, invalidField } from '@holdfast/service'
import { hash, verify } from '@node-rs/argon2'

import { easyToGuess } from './easy-passwords'

/** Characters of a password. */
const shortest = 10
const longest = 256

/** argon2id (the package's default) with the parameters of the OWASP Password Storage Cheat Sheet; memory in KiB. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Slow hashes, at most as many at once as the machine has processors; the others wait, or are told OVERLOADED. */
export interface Passwords {
  /** @param deadline when nobody waits any more, in ms since 1970 */
  hash(password: string, deadline: number): Promise<string>
  /** @param known undefined: there is no such user; then it takes as long, and is never right */
  verify(known: string | undefined, password: string, deadline: number): Promise<boolean>
}

/** One thread of Node's pool of four is left for others: files and names of hosts wait there too. */
const mostAtOnce = Math.min(availableParallelism(), 3)

export function createPasswords(): Passwords {
  const queue = new Combiner<() => Promise<void>, void>({
    name: 'passwords',
    maxItems: 1,
    concurrency: mostAtOnce,
    maxQueue: 200,
    run: async (jobs) => Promise.all(jobs.map(async (job) => ({ value: await job() }))),
  })
  // A hash that no password fits, as dear to compare with as any.
  const nobodys = hash(randomBytes(32), cost)
  return {
    hash: async (password, deadline) => {
      let made = ''
      await queue.submit(async () => {
        made = await hash(normal(password), cost)
      }, deadline)
      return made
    },
    verify: async (known, password, deadline) => {
      const usable = known !== undefined && lengthOf(password) <= longest
      let right = false
      await queue.submit(async () => {
        right = await verify(usable ? known : await nobodys, usable ? normal(password) : 'nobody')
      }, deadline)
      return usable && right
    },
  }
}

/** Whether it may be somebody's from now on. @param email theirs, in its normal form @throws INVALID_ARGUMENT */
export async function checkPassword(password: string, email: string): Promise<void> {
  checkLength(password)
  const why = await easyToGuess(password, email)
  if (why !== undefined) throw invalidField('password', why)
}

/** @throws INVALID_ARGUMENT */
export function checkLength(password: string): void {
  const length = lengthOf(password)
  if (length < shortest || length > longest) throw invalidField('password', `must have ${shortest} to ${longest} characters`)
}

/** In characters as Unicode counts them: some are two of JavaScript's. */
function lengthOf(password: string): number {
  return Array.from(password).length
}

/**
 * One way to write each character: keyboards differ in how they put accents together, and in their full-width letters
 * (NIST SP 800-63B-4, 3.1.1.2). All of it counts, spaces at the ends as well.
 */
function normal(password: string): string {
  return password.normalize('NFKC')
}
