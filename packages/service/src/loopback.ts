/** What stays on this machine. Names but `localhost` do not count: where they lead is not ours to say. */
import { isIPv4 } from 'node:net'

/** @param host as a listener or a URL has it, with or without brackets */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
}

/** @param target gRPC's: `host:port`, `dns:///host:port`, `ipv4:address:port,address:port`, `unix:path` */
export function isLoopbackTarget(target: string): boolean {
  if (/^unix(-abstract)?:/.test(target)) return true
  const addresses = target.replace(/^(dns:(\/\/[^/]*\/)?|ipv[46]:(\/\/[^/]*\/)?)/, '').split(',')
  return addresses.every((address) => isLoopbackHost(address.trim().replace(/(?<=\]|^[^:]*):\d+$/, '')))
}

export function isLoopbackUrl(url: string): boolean {
  return isLoopbackHost(new URL(url).hostname)
}
