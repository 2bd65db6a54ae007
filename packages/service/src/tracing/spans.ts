/** The spans of this process, made by hand in the one place of each hop (decision 040). Loaded where there are traces. */
import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { DatabaseError } from 'pg'

import { errorCodes, HoldfastError } from '../errors'

export type { Attributes, Span } from '@opentelemetry/api'

type Kind = keyof typeof SpanKind

export interface SpanStart {
  name: string
  kind: Kind
  /** What it is a part of: a span here, or another process's by its `traceparent`; undefined: it begins a trace. */
  parent: Span | string | undefined
  attributes?: Attributes
}

export class Spans {
  constructor(private readonly tracer: Tracer) {}

  /** Whoever starts a span ends it. It is not recorded where its trace is not. */
  start({ name, kind, parent, attributes }: SpanStart): Span {
    return this.tracer.startSpan(name, { kind: SpanKind[kind], attributes }, contextOf(parent))
  }

  /** The span under way here; undefined: none, or one that is not recorded, or is over. */
  current(): Span | undefined {
    const span = trace.getActiveSpan()
    return span?.isRecording() === true ? span : undefined
  }

  /** How the rest of the system is told of a span (W3C Trace Context), recorded or not. */
  traceparent(span: Span): string {
    const { traceId, spanId, traceFlags } = span.spanContext()
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  }

  /** Does something as a part of a span, whatever was under way before: statements, and lines of the log, find it. */
  async inside<T>(span: Span | undefined, work: () => Promise<T>): Promise<T> {
    return context.with(span?.isRecording() === true ? trace.setSpan(ROOT_CONTEXT, span) : ROOT_CONTEXT, work)
  }

  /** A step of what is under way, as a span of its own; where nothing recorded is under way, there is none. */
  async step<T>(name: string, kind: Kind, attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const parent = this.current()
    if (parent === undefined) return work()
    const span = this.start({ name, kind, parent, attributes })
    return this.finish(span, kind, async () => this.inside(span, work))
  }

  /**
   * What is done for several requests at once: a span under the first of them that is recorded, which has links to all (as many as the
   * SDK keeps), and each of them a link to it.
   * @param of the requests' spans; one that is there twice counts once
   */
  async batch<T>(name: string, of: readonly (Span | undefined)[], attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const requests = [...new Set(of)].filter((span) => span?.isRecording() === true) as Span[]
    const [first] = requests
    if (first === undefined) return this.inside(undefined, work)
    const links = requests.length === 1 ? [] : requests.map((request) => ({ context: request.spanContext() }))
    const span = this.tracer.startSpan(name, { attributes, links }, trace.setSpan(ROOT_CONTEXT, first))
    if (requests.length > 1) for (const request of requests) request.addLink({ context: span.spanContext() })
    return this.finish(span, 'INTERNAL', async () => this.inside(span, work))
  }

  /** Does the work of a span, and ends it. */
  async finish<T>(span: Span, kind: Kind, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.fail(span, kind, error)
      throw error
    } finally {
      span.end()
    }
  }

  /**
   * What went wrong with it: codes alone, since a message may tell of somebody. Whoever serves a caller has not failed when it refuses
   * something; for one who calls, or handles an event, any error is one.
   */
  fail(span: Span, kind: Kind, error: unknown): void {
    const code = codeOf(error)
    const refused = error instanceof HoldfastError && errorCodes[error.code].http < 500 && serving.has(kind)
    if (refused) span.setAttribute('holdfast.refusal', code)
    else this.failed(span, code)
  }

  /** @param code as `INTERNAL`, `40001`, `503` */
  failed(span: Span, code: string): void {
    span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR })
  }
}

const serving: ReadonlySet<Kind> = new Set(['SERVER', 'INTERNAL'])

function codeOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code
  if (error instanceof DatabaseError) return error.code ?? error.name
  return error instanceof Error ? error.name : typeof error
}

const form = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/

/** What is no `traceparent` is nobody's parent. */
function contextOf(parent: Span | string | undefined): Context {
  if (typeof parent === 'object') return trace.setSpan(ROOT_CONTEXT, parent)
  const [, traceId, spanId, flags] = form.exec(parent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const remote: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, remote)
}
