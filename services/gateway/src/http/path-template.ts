/**
 * Path templates of google.api.http (https://github.com/googleapis/googleapis/blob/master/google/api/http.proto):
 *
 *     Template = "/" Segments [ Verb ] ;
 *     Segments = Segment { "/" Segment } ;
 *     Segment  = "*" | "**" | LITERAL | Variable ;
 *     Variable = "{" FieldPath [ "=" Segments ] "}" ;
 *     FieldPath = IDENT { "." IDENT } ;
 *     Verb     = ":" LITERAL ;
 */
import { invalidField } from '@holdfast/service'

export type Segment = { kind: 'literal'; text: string } | { kind: 'one' } | { kind: 'rest' }

/** A field that takes its value from the path. */
export interface Variable {
  /** As `id` or `order.id`, in proto names. */
  field: string
  /** The first segment that belongs to it. */
  from: number
  /** The first that doesn't any more; undefined: it goes to the end of the path. */
  to: number | undefined
  /** Exactly one segment: then a `%2F` in it is a slash of the value. */
  single: boolean
}

export interface PathTemplate {
  text: string
  segments: Segment[]
  /** Without its colon; empty when there is none. */
  verb: string
  variables: Variable[]
}

const literal = /^[^\s*{}/:=?#]+$/
const fieldPath = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/

/** @throws Error that names the template and what is wrong with it */
export function parsePathTemplate(text: string): PathTemplate {
  const fail = (problem: string): never => {
    throw new Error(`the path template ${JSON.stringify(text)} ${problem}`)
  }
  const match = /^\/((?:[^{}:]|\{[^{}]*\})*)(?::([^{}:/]+))?$/.exec(text)
  if (match?.[1] === undefined) return fail('is not of the form /segments or /segments:verb')
  const verb = match[2] ?? ''
  if (verb !== '' && !literal.test(verb)) fail(`has the verb ${JSON.stringify(verb)}`)

  const segments: Segment[] = []
  const variables: Variable[] = []
  for (const part of splitOutsideBraces(match[1])) {
    const inner = /^\{([^=]*)(?:=(.*))?\}$/.exec(part)
    if (inner === null) {
      segments.push(parseSegment(part) ?? fail(`has the segment ${JSON.stringify(part)}`))
      continue
    }
    const [, field = '', pattern = '*'] = inner
    if (!fieldPath.test(field)) fail(`has the variable ${JSON.stringify(part)}`)
    if (variables.some((variable) => variable.field === field)) fail(`has the variable ${field} twice`)
    const from = segments.length
    const own = pattern.split('/').map((piece) => parseSegment(piece) ?? fail(`has the variable ${JSON.stringify(part)}`))
    segments.push(...own)
    const open = own.some((segment) => segment.kind === 'rest')
    variables.push({ field, from, to: open ? undefined : segments.length, single: own.length === 1 && !open })
  }
  if (segments.some((segment, index) => segment.kind === 'rest' && index < segments.length - 1)) fail('has "**" before its end')
  return { text, segments, verb, variables }
}

/** The value of a variable, from the segments of a path that matched. @throws INVALID_ARGUMENT for a bad percent encoding */
export function variableValue(variable: Variable, segments: readonly string[]): string {
  if (variable.single) return decode(variable.field, segments[variable.from] ?? '')
  // A slash inside a segment must stay apart from those between them: "%2F" is left as it is.
  return segments
    .slice(variable.from, variable.to)
    .map((segment) =>
      segment
        .split(/(%2f)/i)
        .map((part, index) => (index % 2 === 1 ? part : decode(variable.field, part)))
        .join(''),
    )
    .join('/')
}

function decode(field: string, text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidField(field, 'is not percent-encoded UTF-8 in the path')
  }
}

function parseSegment(text: string): Segment | undefined {
  if (text === '*') return { kind: 'one' }
  if (text === '**') return { kind: 'rest' }
  return literal.test(text) ? { kind: 'literal', text } : undefined
}

function splitOutsideBraces(text: string): string[] {
  return text.split(/\/(?![^{}]*\})/)
}
