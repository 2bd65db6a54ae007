/** What a client takes: the headers Accept and Accept-Encoding (RFC 9110, 12.4 and 12.5). */
import { HoldfastError } from '@holdfast/service'

/**
 * The weights of a header as `br;q=1.0, gzip;q=0.5`, by what they are for, in lower case and without other parameters. A
 * weight that is none counts as 1: who can't say how much they want a thing still named it.
 */
export function weights(header: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    if (name === '') continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
    const value = weight === undefined || !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? 1 : Number(weight)
    found.set(name, Math.max(value, found.get(name) ?? 0))
  }
  return found
}

/**
 * @param mediaTypes what the answer can be; none: it is known only when it is there
 * @throws NOT_ACCEPTABLE when a header Accept rules them all out; none, or an empty one, takes anything
 */
export function checkAccept(accept: string | undefined, ...mediaTypes: readonly string[]): void {
  if (accept === undefined || accept === '*/*' || accept === mediaTypes[0] || accept.trim() === '') return
  const given = weights(accept)
  if (mediaTypes.length === 0 || mediaTypes.some((mediaType) => takes(given, mediaType))) return
  const message = `leaves out ${mediaTypes.join(' and ')}, which is what this address answers with`
  throw new HoldfastError('NOT_ACCEPTABLE', `Accept: ${message}`, { fields: [{ field: 'Accept', message }] })
}

/** The most specific range that fits decides. */
function takes(given: Map<string, number>, mediaType: string): boolean {
  const [family = ''] = mediaType.split('/')
  return (given.get(mediaType) ?? given.get(`${family}/*`) ?? given.get('*/*') ?? 0) > 0
}

export type Encoding = 'br' | 'gzip'

/** The encoding that the client wants most, brotli before gzip where it has no wish; undefined: none. */
export function bestEncoding(acceptEncoding: string | string[] | undefined): Encoding | undefined {
  if (acceptEncoding === undefined) return undefined
  const given = weights(String(acceptEncoding))
  const of = (encoding: string): number => given.get(encoding) ?? given.get('*') ?? 0
  const gzip = Math.max(of('gzip'), given.get('x-gzip') ?? 0)
  const identity = given.get('identity') ?? 0
  const best = Math.max(of('br'), gzip)
  if (best === 0 || identity > best) return undefined
  return of('br') === best ? 'br' : 'gzip'
}
