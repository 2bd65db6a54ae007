import { createLog, type Logger } from './log'
import { startMetricsServer } from './metrics'
import type { Stopper } from './service'
import { startTracing, type TracingConfig } from './tracing/tracing'

export interface TelemetryConfig extends TracingConfig {
  LOG_LEVEL: string
  METRICS_HOST: string
  METRICS_PORT?: number | undefined
}

/**
 * What a process tells of itself: traces, if they go somewhere, then its log, whose lines belong to them, and metrics. The first thing
 * that a service starts, and so the last that stops: what it does until then is told.
 */
export async function startTelemetry(
  service: string,
  config: TelemetryConfig,
  onStop: (stopper: Stopper) => void,
): Promise<{ log: Logger; metricsPort: number | undefined }> {
  onStop(startTracing(service, config, () => log))
  const log = createLog(service, config.LOG_LEVEL)
  const metrics = await startMetricsServer(config.METRICS_HOST, config.METRICS_PORT)
  onStop(async () => metrics.stop())
  return { log, metricsPort: metrics.port }
}
