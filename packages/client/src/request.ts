import type { Operation } from './api.ts'

/** A call in the terms of HTTP. */
export interface HttpRequest {
  method: string
  /** With its query. */
  target: string
  /** JSON; undefined: there is none. */
  body: string | undefined
}

/** Each field of a request goes where the operation has it: into the path, the body, or the query. */
export function httpRequest({ method, path, body }: Operation, fields: Readonly<Record<string, unknown>>): HttpRequest {
  const left = new Map(Object.entries(fields).filter(([, value]) => value !== undefined))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = left.get(name)
    if (value === undefined || value === '') throw new TypeError(`${name} is needed`)
    left.delete(name)
    return encodeURIComponent(text(value))
  })
  if (body) return { method, target: filled, body: JSON.stringify(Object.fromEntries(left)) }
  const query = new URLSearchParams()
  for (const [name, value] of left) for (const one of Array.isArray(value) ? value : [value]) query.append(name, text(one))
  return { method, target: query.size === 0 ? filled : `${filled}?${query.toString()}`, body: undefined }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value.toString()
  throw new TypeError('only texts, numbers and truth values go into an address')
}
