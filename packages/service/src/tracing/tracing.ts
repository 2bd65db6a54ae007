/**
 * Whether this process records traces, and the way to its spans. Nothing of OpenTelemetry's is loaded by this file: where no endpoint
 * is named, a hop asks whether there is tracing, and that is all that it costs.
 */
import type { Logger } from 'pino'
import type { z } from 'zod'

import type { tracingShape } from '../config'
import type * as Sdk from './sdk'
import type { Spans } from './spans'

export type TracingConfig = z.infer<z.ZodObject<typeof tracingShape>>

let spans: Spans | undefined

/** Undefined: there are no traces, and nothing is to be done for them. */
export function tracing(): Spans | undefined {
  return spans
}

/** Where spans go; undefined: nowhere. */
export function tracesEndpoint(config: TracingConfig): string | undefined {
  if (config.OTEL_SDK_DISABLED || config.OTEL_TRACES_EXPORTER === 'none') return undefined
  return config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_ENDPOINT
}

/**
 * Records traces from now on, if an endpoint is named: before there is anything to trace.
 * @param log asked for when there is something to tell
 * @returns sends what is left and ends it, within a few seconds whether somebody takes it or not
 */
export function startTracing(service: string, config: TracingConfig, log: () => Logger): () => Promise<void> {
  const endpoint = tracesEndpoint(config)
  if (endpoint === undefined) return async () => Promise.resolve()
  // It takes a tenth of a second and 30 MB: it is loaded where it is used.
  const { startSdk } = require('./sdk') as typeof Sdk
  const sdk = startSdk({ service, config, endpoint, log })
  spans = sdk.spans
  return async () => {
    spans = undefined
    await sdk.stop()
  }
}
