/** OpenTelemetry's SDK, set up for traces alone. Loaded by {@link startTracing} where an endpoint is named, and by nobody else. */
import { setTimeout as sleep } from 'node:timers/promises'

import { diag, DiagLogLevel, trace } from '@opentelemetry/api'
import { defaultResource, envDetector, resourceFromAttributes, serviceInstanceIdDetector } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'

import { Spans } from './spans'
import type { TracingConfig } from './tracing'

export interface SdkOptions {
  service: string
  config: TracingConfig
  endpoint: string
  log: () => Logger
}

const inFiles = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_HEADERS',
] as const
/** A stop waits so long for the last spans to be taken, in ms. */
const flushMs = 3_000
/** While nobody takes them, that is told once in so long, in ms. */
const tellMs = 60_000

export function startSdk({ service, config, endpoint, log }: SdkOptions): { spans: Spans; stop(): Promise<void> } {
  const edge = service === 'gateway'
  // The SDK reads the environment by itself, but no files.
  for (const name of inFiles) if (config[name] !== undefined) process.env[name] = config[name]
  const sdk = new NodeSDK({
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go over it.
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': `holdfast-${service}` })),
    resourceDetectors: [serviceInstanceIdDetector, envDetector],
    sampler: samplerOf(config, edge),
    // Metrics are Prometheus's (decision 011), and the log is on standard output.
    metricReaders: [],
    logRecordProcessors: [],
  })
  tellTroubles(endpoint, log)
  sdk.start()
  return {
    spans: new Spans(trace.getTracer('holdfast'), !edge && config.OTEL_TRACES_SAMPLER.startsWith('parentbased_')),
    stop: async () => Promise.race([sdk.shutdown(), sleep(flushMs, undefined, { ref: false })]),
  }
}

/**
 * As OTEL_TRACES_SAMPLER says.
 * @param edge whether parents come from strangers: what they say of sampling counts for nothing
 */
export function samplerOf(config: TracingConfig, edge: boolean): Sampler {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio } = config
  const root = rootSampler(name, ratio)
  if (!name.startsWith('parentbased_')) return root
  return new ParentBasedSampler({ root, ...(edge && { remoteParentSampled: root, remoteParentNotSampled: root }) })
}

function rootSampler(name: TracingConfig['OTEL_TRACES_SAMPLER'], ratio: number): Sampler {
  if (name.endsWith('always_off')) return new AlwaysOffSampler()
  return name.endsWith('always_on') ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio)
}

/** A collector that is away is no trouble of the service's: it is told now and then, by its address. */
function tellTroubles(endpoint: string, log: () => Logger): void {
  let toldAt = -Infinity
  const tell = (...parts: unknown[]): void => {
    if (performance.now() - toldAt < tellMs) return
    toldAt = performance.now()
    log().warn({ endpoint, reason: parts.map(String).join(' ').slice(0, 500) }, 'traces: spans may be lost')
  }
  const nothing = (): void => undefined
  const logger = { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}
