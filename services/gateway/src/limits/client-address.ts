/** Whose request it is: the address that limits are counted by. */
import type { IncomingMessage } from 'node:http'

import { copyOf } from '@holdfast/service'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/** One customer of a provider has a network of this size, and as many addresses in it as they like (RFC 6177). In bits. */
const ipv6Prefix = 64

const mostRemembered = 10_000

/** In characters: IPv6 that ends in IPv4, and the name of an interface. What is longer is a text with a zone that nobody has. */
const longestAddress = 64

/** @returns the address in a form that is one for each client: IPv4 as it is, IPv6 as its /64 */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * The peer of the connection, or, where that is a proxy of ours, whom the proxy names. X-Forwarded-For is read from the right,
 * since each proxy adds whom it speaks with at the end: the first that is no proxy of ours is the client, and what stands
 * before it is the client's own word, worth nothing.
 */
export function createClientAddress(trusted: readonly Range[]): ClientAddress {
  // One look per address instead of one per request.
  const known = new LRUCache<string, { key: string; trusted: boolean }>({ max: mostRemembered })
  const read = (text: string): { key: string; trusted: boolean } | undefined => {
    const remembered = known.get(text)
    if (remembered !== undefined) return remembered
    const address = parseAddress(text)
    if (address === undefined) return undefined
    const found = { key: keyOf(address), trusted: trusted.some((range) => contains(range, address)) }
    known.set(copyOf(text), found)
    return found
  }
  return (request) => {
    let client = read(request.socket.remoteAddress ?? '')
    // The connection has gone: whoever it was, there is nobody to answer.
    if (client === undefined) return 'unknown'
    if (!client.trusted) return client.key
    const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    for (let end = forwarded.length; client.trusted && end > 0;) {
      const comma = forwarded.lastIndexOf(',', end - 1)
      const named = read(withoutPort(forwarded.slice(comma + 1, end).trim()))
      // Not an address: what our proxy wrote is as far as we know.
      if (named === undefined) break
      client = named
      end = comma
    }
    return client.key
  }
}

/** `10.0.0.0/8, ::1`. @throws Error that names what is neither an address nor a range of them */
export function parseRanges(text: string): Range[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const range = part.includes('/') ? parseCidr(part) : singleAddress(part)
      if (range === undefined) throw new Error(`${part} is neither an IP address nor a range like 10.0.0.0/8`)
      return range
    })
}

function parseCidr(text: string): Range | undefined {
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined
}

function singleAddress(text: string): Range | undefined {
  const address = parseAddress(text)
  return address && [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4: so a listener on all interfaces sees it. */
function parseAddress(text: string): Address | undefined {
  if (text.length > longestAddress) return undefined
  // Only the full form of IPv4: "1" and "0x7f.1" are addresses to the library as well, and no proxy writes them.
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

function contains([network, bits]: Range, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits)
}

function keyOf(address: Address): string {
  if (address.kind() === 'ipv4') return address.toString()
  return ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${ipv6Prefix}`).toString()
}

/** Some proxies name the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  const match = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? /^([\d.]+):\d+$/.exec(text)
  return match?.[1] ?? text
}
