import type { ErrorCode } from './api.ts'

/** Problem details (RFC 9457), as every refusal has them. */
export interface Problem {
  /** Says what the code means. */
  type: string
  title: string
  /** Of HTTP. */
  status: number
  detail: string
  /** A later release may have codes that this one does not know. */
  code: ErrorCode | (string & {})
  requestId: string
  /** What is wrong with which field. */
  errors: { field: string; message: string }[]
}

/** The system refused a call, or gave no answer that could be read. */
export class HoldfastApiError extends Error {
  override readonly name = 'HoldfastApiError'

  constructor(
    readonly problem: Problem,
    /** When to try again, in ms; undefined: it did not say. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(`${problem.code}: ${problem.detail}`, options)
  }

  get code(): Problem['code'] {
    return this.problem.code
  }

  get status(): number {
    return this.problem.status
  }

  get requestId(): string {
    return this.problem.requestId
  }
}

/** Of an answer that is no success. What is no problem document (from a proxy in between, say) becomes one with the code UNAVAILABLE or INTERNAL. */
export async function errorOf(response: Response): Promise<HoldfastApiError> {
  const text = await response.text()
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
  return new HoldfastApiError(parse(text) ?? foreign(response, text), retryAfterMs)
}

function parse(text: string): Problem | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && 'code' in json ? (json as Problem) : undefined
  } catch {
    return undefined
  }
}

function foreign(response: Response, text: string): Problem {
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    detail: text.slice(0, 200),
    code: [502, 503, 504].includes(response.status) ? 'UNAVAILABLE' : 'INTERNAL',
    requestId: response.headers.get('x-request-id') ?? '',
    errors: [],
  }
}
