/** An OpenTelemetry collector that keeps the spans it is sent (OTLP over HTTP, as JSON). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface SeenSpan {
  /** As `holdfast-gateway`. */
  service: string
  name: string
  /** As in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  links: { traceId: string; spanId: string }[]
  attributes: Record<string, string>
  isError: boolean
}

export interface Collector {
  url: string
  spans: SeenSpan[]
  /** Refuses connections from now on. */
  close(): Promise<void>
}

interface Attribute {
  key: string
  value: Record<string, unknown>
}

interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: {
      spans: (Pick<SeenSpan, 'name' | 'kind' | 'traceId' | 'spanId' | 'parentSpanId'> & {
        attributes: Attribute[]
        links?: SeenSpan['links']
        status: { code: number }
      })[]
    }[]
  }[]
}

export async function startCollector(): Promise<Collector> {
  const spans: SeenSpan[] = []
  const server = createServer((request, response) => {
    json(request).then(
      (body) => {
        spans.push(...spansOf(body as Export))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      },
      () => response.writeHead(400).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function spansOf({ resourceSpans }: Export): SeenSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = textsOf(resource.attributes)['service.name'] ?? ''
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, kind, traceId, spanId, parentSpanId, attributes, links = [], status }) => ({
        service,
        name,
        kind,
        traceId,
        spanId,
        links,
        // JSON may have it empty.
        parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
        attributes: textsOf(attributes),
        isError: status.code === 2,
      })),
    )
  })
}

function textsOf(attributes: Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]))
}
