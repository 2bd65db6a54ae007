/** The span of a request, which all that is done for it is a part of. */
import type { IncomingHttpHeaders } from 'node:http'
import { TLSSocket } from 'node:tls'

import { tracing } from '@holdfast/service'

import type { Exchange } from './exchange'

const traceparentForm = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/** A caller's trace context (W3C), if it is one. */
export function traceparentIn({ traceparent }: IncomingHttpHeaders): string | undefined {
  return typeof traceparent === 'string' && traceparentForm.test(traceparent) ? traceparent : undefined
}

export interface RequestSpan {
  /** Tells the status. 499: the client had gone. */
  answered(status: number): void
}

/** Methods by their names; a made-up one would be anybody's text. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Answers a request within a span, where there are traces. What it is called, and what it has, says nothing of a person: the route
 * stands for the path, and neither query nor address is there.
 */
export async function inRequestSpan(exchange: Exchange, work: (span?: RequestSpan) => Promise<void>): Promise<void> {
  const spans = tracing()
  if (spans === undefined) return work()
  const { method: asked = '' } = exchange.request
  const method = methods.has(asked) ? asked : '_OTHER'
  const span = spans.start({
    name: method,
    kind: 'SERVER',
    parent: exchange.traceparent,
    attributes: {
      'http.request.method': method,
      'url.scheme': exchange.request.socket instanceof TLSSocket ? 'https' : 'http',
      'network.protocol.version': exchange.request.httpVersion,
      'holdfast.request_id': exchange.requestId,
    },
  })
  exchange.traceparent = spans.traceparent(span)
  const answered = (status: number): void => {
    const { route } = exchange
    if (route !== '') span.updateName(`${method} ${route}`).setAttribute('http.route', route)
    span.setAttribute('http.response.status_code', status)
    if (status >= 500) spans.failed(span, String(status))
  }
  return spans.finish(span, 'SERVER', async () => work({ answered }))
}
