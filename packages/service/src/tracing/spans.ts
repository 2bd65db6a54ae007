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
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api'
import { DatabaseError } from 'pg'

import { errorCodes, HoldfastError } from '../errors'

export type { Attributes, Span } from '@opentelemetry/api'

/** Of one span: as many as the SDK keeps if it is not told otherwise. */
const mostLinks = 128

type Kind = keyof typeof SpanKind

export interface SpanStart {
  name: string
  kind: Kind
  /** What it is a part of: a span here, or another process's by its `traceparent`; undefined: it begins a trace. */
  parent: Span | string | undefined
  attributes?: Attributes
}

export class Spans {
  /** @param follows whether a trace that somebody else does not record is not recorded here: then no more is done for it */
  constructor(
    private readonly tracer: Tracer,
    private readonly follows: boolean,
  ) {}

  /** Whoever starts a span ends it. It is not recorded where its trace is not. */
  start({ name, kind, parent, attributes }: SpanStart): Span {
    if (typeof parent === 'object') return this.startIn(trace.setSpan(ROOT_CONTEXT, parent), name, kind, attributes)
    const remote = parse(parent)
    if (remote === undefined) return this.startIn(ROOT_CONTEXT, name, kind, attributes)
    if (this.follows && remote.traceFlags === 0) return trace.wrapSpanContext(remote)
    return this.startIn(trace.setSpanContext(ROOT_CONTEXT, remote), name, kind, attributes)
  }

  private startIn(within: Context, name: string, kind: Kind, attributes: Attributes | undefined): Span {
    return this.tracer.startSpan(name, { kind: SpanKind[kind], attributes }, within)
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
    if (span?.isRecording() === true) return context.with(trace.setSpan(ROOT_CONTEXT, span), work)
    return trace.getActiveSpan() === undefined ? work() : context.with(ROOT_CONTEXT, work)
  }

  /** A step of what is under way, as a span of its own; where nothing recorded is under way, there is none. */
  async step<T>(name: string, kind: Kind, attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const parent = this.current()
    if (parent === undefined) return work()
    const span = this.start({ name, kind, parent, attributes })
    return this.finish(span, kind, work)
  }

  /**
   * What is done for several requests at once: a span under the first of them that is recorded, which has links to all (the first
   * 128), and each of them a link to it.
   * @param of the requests' spans; one that is there twice counts once
   */
  async batch<T>(name: string, of: readonly (Span | undefined)[], attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const requests = [...new Set(of)].filter((span) => span?.isRecording() === true) as Span[]
    const [first] = requests
    if (first === undefined) return this.inside(undefined, work)
    const linked = requests.length === 1 ? [] : requests.slice(0, mostLinks)
    const links = linked.map((request) => ({ context: request.spanContext() }))
    const span = this.tracer.startSpan(name, { attributes, links }, trace.setSpan(ROOT_CONTEXT, first))
    if (requests.length > 1) for (const request of requests) request.addLink({ context: span.spanContext() })
    return this.finish(span, 'INTERNAL', work)
  }

  /** Does the work of a span inside it, and ends it. */
  async finish<T>(span: Span, kind: Kind, work: () => Promise<T>): Promise<T> {
    if (!span.isRecording()) return this.inside(undefined, work)
    try {
      return await context.with(trace.setSpan(ROOT_CONTEXT, span), work)
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
function parse(parent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = form.exec(parent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
}
