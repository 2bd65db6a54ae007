import pino, { type Logger } from 'pino'

import { tracing } from './tracing/tracing'

export type { Logger } from 'pino'

/** Names whose values never reach the log. Lines are flat: looking deeper would make each three times as dear (measured). */
const secrets = ['password', 'token', 'accessToken', 'refreshToken', 'userToken', 'paymentToken', 'authorization', 'cookie']

/** PostgreSQL shows the whole row that it refused, which may hold a hash or a key; its pool, the whole client that broke. */
function errorWithoutRows(error: Error): object {
  const shown = pino.stdSerializers.err(error)
  delete shown['client']
  if (String(shown['detail']).startsWith('Failing row contains')) delete shown['detail']
  return shown
}

/** Where there are traces, a line says to which of them it belongs. */
function traceIds(): object {
  const span = tracing()?.current()?.spanContext()
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId }
}

/**
 * One JSON line per event on standard output, written in the background so that a slow reader of the log costs no request.
 * @param level as LOG_LEVEL
 */
export function createLog(service: string, level: string): Logger {
  const destination = pino.destination({ fd: 1, sync: false, minLength: 4096, periodicFlush: 250 })
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: errorWithoutRows },
      redact: { paths: secrets, censor: '[secret]' },
      ...(tracing() !== undefined && { mixin: traceIds }),
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}
