import type { FileBody, Operation } from './api.ts'

/** A call in the terms of HTTP. */
export interface HttpRequest {
  method: string
  /** With its query. */
  target: string
  /** Undefined: there is none. */
  body: { type: string; content: FileBody } | undefined
}

/** Each field of a request goes where the operation has it: into the path, the body, or the query. */
export function httpRequest({ method, path, body, file }: Operation, fields: Readonly<Record<string, unknown>>): HttpRequest {
  const left = new Map(Object.entries(fields).filter(([, value]) => value !== undefined))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = left.get(name)
    if (value === undefined || value === '') throw new TypeError(`${name} is needed`)
    left.delete(name)
    return encodeURIComponent(text(value))
  })
  if (body && file === undefined) {
    return { method, target: filled, body: { type: 'application/json', content: JSON.stringify(Object.fromEntries(left)) } }
  }
  const content = file && left.get(file.field)
  if (file !== undefined) left.delete(file.field)
  const query = new URLSearchParams()
  for (const [name, value] of left) for (const one of Array.isArray(value) ? value : [value]) query.append(name, text(one))
  const target = query.size === 0 ? filled : `${filled}?${query.toString()}`
  return { method, target, body: file && { type: file.type, content: content as FileBody } }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value.toString()
  throw new TypeError('only texts, numbers and truth values go into an address')
}
