export interface JsonReply<Body> {
  status: number
  headers: Headers
  body: Body
}

export interface JsonRequest {
  token?: string
  idempotencyKey?: string
  headers?: Record<string, string>
  /** Sent as it is when it is a string, else as JSON. */
  body?: unknown
  /** 30,000 ms. */
  timeoutMs?: number
}

/**
 * One JSON call. Any status is an answer; what is thrown means that there was none.
 * @param url with scheme, host and path
 */
export async function callJson<Body>(method: string, url: string, request: JsonRequest = {}): Promise<JsonReply<Body>> {
  const { token, idempotencyKey, body, timeoutMs = 30_000 } = request
  const headers = new Headers(request.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
  if (body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
  const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method, headers, body: content, signal: AbortSignal.timeout(timeoutMs) })
  return { status: response.status, headers: response.headers, body: parse(await response.text()) as Body }
}

/** JSON where it is JSON, the text itself where it is not, undefined where there is none. */
function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
