/** Whom this service may be made to speak to: an admin's URL must not reach what only this machine's network can. */
import { type LookupAddress, type LookupOptions, lookup as dnsLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { invalidField } from '@holdfast/service'
import ipaddr from 'ipaddr.js'

export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
}

const longestUrl = 2_000

/**
 * A URL that may be registered. Names are not looked up here: what they mean is checked at each connect.
 * @throws INVALID_ARGUMENT
 */
export function checkUrl(value: string, privateTargets: boolean): string {
  const url = value.length <= longestUrl ? URL.parse(value) : null
  if (url === null) throw invalidField('url', `must be a URL of up to ${longestUrl} characters`)
  if (url.protocol !== 'https:' && !(privateTargets && url.protocol === 'http:')) throw invalidField('url', 'must be https')
  if (url.username !== '' || url.password !== '') throw invalidField('url', 'must not hold a user or password')
  if (!privateTargets && isIP(hostOf(url)) !== 0 && !isPublic(hostOf(url))) {
    throw invalidField('url', 'must not be an address of a private network')
  }
  url.hash = ''
  return url.href
}

/** Without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

/** Whether an address is of the internet at large: not private, loopback, link-local, shared, reserved, multicast, or a way around. */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * A name's addresses as the connection asks for them, so what is checked is what is connected to, whatever the name meant a
 * moment before (DNS rebinding). One private address among them refuses the name.
 */
export function guardedLookup(privateTargets: boolean, resolve: Resolve = dnsLookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = privateTargets ? undefined : addresses?.find(({ address }) => !isPublic(address))
      const [first] = addresses ?? []
      if (error !== null) done(error, '')
      else if (refused !== undefined) done(new TargetRefused(`${hostname} is ${refused.address}, of a private network`), '')
      else if (first === undefined) done(new TargetRefused(`${hostname} has no address`), '')
      else if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }
}
