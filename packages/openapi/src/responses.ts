/** What an operation may answer beside success: every status that its kind of call can meet, with the codes of each. */
import { type ErrorCode, errorCodes, isErrorCode } from '@holdfast/service'

import { type Operation, takesKey } from './operations'
import type { JsonSchema } from './json-values'

/** By status, those of the closed list. */
const codesByStatus = new Map<number, ErrorCode[]>()
for (const code of Object.keys(errorCodes).filter(isErrorCode)) {
  const { http } = errorCodes[code]
  codesByStatus.set(http, [...(codesByStatus.get(http) ?? []), code])
}

// HTTP knows better here than our code.
codesByStatus.set(431, ['INVALID_ARGUMENT'])

const requestIdHeader = { $ref: '#/components/headers/X-Request-ID' }

export const problemSchema: JsonSchema = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  properties: {
    type: {
      type: 'string',
      format: 'uri-reference',
      description: 'Says what the code means.',
      examples: ['/docs/errors#NOT_FOUND'],
    },
    title: { type: 'string', description: 'Of the code, for people.' },
    status: { type: 'integer', description: 'The same as the status of the answer.' },
    detail: { type: 'string', description: 'Of this case, for people.' },
    code: { type: 'string', description: 'One of a closed list, for programs.', enum: Object.keys(errorCodes) },
    requestId: { type: 'string', description: 'Of the request that was refused.' },
    errors: {
      type: 'array',
      description: 'What is wrong with which field.',
      items: {
        type: 'object',
        properties: {
          field: { type: 'string', description: 'Its path in JSON names.', examples: ['lines[0].quantity'] },
          message: { type: 'string', examples: ['must be at least 1'] },
        },
        required: ['field', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId', 'errors'],
}

/** One response for each status that is used, to be referred to. */
export function problemResponses(used: ReadonlySet<number>): Record<string, JsonSchema> {
  const statuses = [...codesByStatus].filter(([status]) => used.has(status)).sort(([a], [b]) => a - b)
  return Object.fromEntries(statuses.map(([status, codes]) => [String(status), problemResponse(status, codes)]))
}

function problemResponse(status: number, codes: readonly ErrorCode[]): JsonSchema {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}.`).join('\n\n'),
    headers: {
      'X-Request-ID': requestIdHeader,
      ...(status === 429 || status === 503 ? { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } : {}),
      ...(status === 401 ? { 'WWW-Authenticate': { schema: { type: 'string', enum: ['Bearer'] } } } : {}),
    },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { status: { const: status }, code: { type: 'string', enum: codes } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code, status) }])),
      },
    },
  }
}

function exampleOf(code: ErrorCode, status: number): JsonSchema {
  const { title } = errorCodes[code]
  const isField = status === 400 && code === 'INVALID_ARGUMENT'
  const detail = isField ? 'quantity: must be at least 1' : title
  const errors = isField ? [{ field: 'quantity', message: 'must be at least 1' }] : []
  return {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail,
    code,
    requestId: 'ff6f729a-bf85-4540-bb18-10a30451749e',
    errors,
  }
}

/** Statuses of refusals that an operation may answer with. */
export function refusalsOf(operation: Operation): number[] {
  const { rpc, body, pathFields, query } = operation
  const { input } = rpc.desc
  const has = (name: string): boolean => input.fields.some((field) => field.name === name)
  const isPublic = rpc.access.who === 'PUBLIC'
  const namesThings = pathFields.length > 0 || body !== undefined || query.some(({ protoName }) => !protoName.startsWith('page_'))
  const statuses: [number, boolean][] = [
    [400, true],
    // Who logs in has no token yet, and may be refused for what they say of themselves.
    [401, !isPublic || rpc.mutates],
    [402, has('payment_token')],
    [403, !isPublic],
    [404, namesThings],
    [406, true],
    [409, rpc.mutates],
    [412, has('expected_version')],
    [413, body !== undefined],
    [415, body !== undefined],
    [422, takesKey(operation)],
    [429, true],
    // The line of the request counts as a header: a query may be too long.
    [431, true],
    [500, true],
    [503, true],
    [504, !operation.streams],
  ]
  return statuses.flatMap(([status, may]) => (may ? [status] : []))
}
