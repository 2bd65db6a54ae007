import type { IncomingMessage } from 'node:http'

/**
 * What makes a request malformed although Node's parser takes it (RFC 9112, 2.3 and 3.2). Two readers of it, as a proxy and we,
 * could see two things: its connection does not go on.
 * @returns undefined: it is well
 */
export function flawOf({ httpVersionMajor, httpVersionMinor, rawHeaders }: IncomingMessage): string | undefined {
  if (httpVersionMajor !== 1) return 'Only HTTP/1.1 is spoken here'
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) return 'The header Host is there more than once'
  return hosts === 0 && httpVersionMinor > 0 ? 'The header Host is needed' : undefined
}
