import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from '@opentelemetry/api'
import { InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { readConfig, tracingShape } from '../config'
import { HoldfastError } from '../errors'
import { samplerOf } from './sdk'
import { Spans } from './spans'
import { tracesEndpoint } from './tracing'

const endpoint = 'http://127.0.0.1:4318'

test('without an endpoint, or told to be off, no SDK is loaded', () => {
  const code = `const { readConfig, startTelemetry, tracing } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist', 'src', 'index.js'))})
    const { tracingShape } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist', 'src', 'config.js'))})
    const config = { LOG_LEVEL: 'silent', METRICS_HOST: '127.0.0.1', METRICS_PORT: undefined, ...readConfig(tracingShape) }
    startTelemetry('tester', config, () => undefined).then(() => {
      // The API is there for prom-client anyway.
      const loaded = Object.keys(require.cache).filter((file) => /@opentelemetry.(?!api)/.test(file.split('node_modules').at(-1)))
      process.stdout.write(JSON.stringify({ on: tracing() !== undefined, loaded: loaded.length }))
      process.exit()
    })`
  const run = (env: Record<string, string>): unknown =>
    JSON.parse(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } }))
  const off = { on: false, loaded: 0 }
  expect(run({})).toEqual(off)
  expect(run({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' })).toEqual(off)
  expect(run({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toMatchObject({ on: true })
})

test('an endpoint names itself when it is none, and so do the other values', () => {
  const read = (env: Record<string, string>) => () => readConfig(tracingShape, env)
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT: must be an http(s) URL')
  expect(read({ OTEL_TRACES_SAMPLER: 'some' })).toThrow('OTEL_TRACES_SAMPLER: must be one of always_on')
  for (const ratio of ['1.1', '-1', 'all']) {
    expect(read({ OTEL_TRACES_SAMPLER_ARG: ratio })).toThrow('OTEL_TRACES_SAMPLER_ARG: must be from 0 to 1')
  }
})

test('spans go where the more special variable says, and nowhere without an exporter', () => {
  const endpointOf = (env: Record<string, string>) => tracesEndpoint(readConfig(tracingShape, env))
  const special = 'http://127.0.0.1:4318/v1/traces'
  expect(endpointOf({})).toBeUndefined()
  expect(endpointOf({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toBe(endpoint)
  const both = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: special }
  expect(endpointOf(both)).toBe(special)
  expect(endpointOf({ ...both, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined()
})

describe('which traces are recorded', () => {
  const ids = { low: '00000000000000000000000000000001', high: 'ffffffff000000000000000000000000' }
  /** Whether a span is recorded that continues a trace, @param flags as its caller decided */
  function records(sampler: string, edge: boolean, traceId: string, flags?: TraceFlags): boolean {
    const config = readConfig(tracingShape, { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.5' })
    const parent = { traceId, spanId: '00f067aa0ba902b7', traceFlags: flags ?? 0, isRemote: true }
    const context = flags === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
    const { decision } = samplerOf(config, edge).shouldSample(context, traceId, 'x', SpanKind.SERVER, {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED
  }

  test('at the edge what the caller says counts for nothing', () => {
    for (const flags of [undefined, TraceFlags.NONE, TraceFlags.SAMPLED]) {
      expect(records('parentbased_always_on', true, ids.high, flags)).toBe(true)
      expect(records('parentbased_always_off', true, ids.low, flags)).toBe(false)
      expect(records('parentbased_traceidratio', true, ids.low, flags)).toBe(true)
      expect(records('parentbased_traceidratio', true, ids.high, flags)).toBe(false)
    }
  })

  test('behind it, what the edge has decided', () => {
    for (const sampler of ['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio']) {
      expect(records(sampler, false, ids.high, TraceFlags.SAMPLED)).toBe(true)
      expect(records(sampler, false, ids.low, TraceFlags.NONE)).toBe(false)
    }
    expect(records('traceidratio', false, ids.high, TraceFlags.SAMPLED)).toBe(false)
  })
})

describe('spans', () => {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const spans = new Spans(provider.getTracer('test'), true)
  beforeEach(() => exporter.reset())
  const start = (parent?: string) => spans.start({ name: 'request', kind: 'SERVER', parent })

  test('what is no traceparent is nobody that a span could belong to', () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    expect(start(`00-${traceId}-00f067aa0ba902b7-01`).spanContext().traceId).toBe(traceId)
    // A later version of the header may say more.
    expect(start(`01-${traceId}-00f067aa0ba902b7-01-more`).spanContext().traceId).toBe(traceId)
    for (const wrong of [
      '',
      'x',
      `ff-${traceId}-00f067aa0ba902b7-01`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${traceId}-01`,
    ])
      expect(start(wrong).spanContext().traceId).not.toBe(traceId)
  })

  test('what its caller does not record is not recorded, and goes on as it came', async () => {
    const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
    const span = start(parent)
    await expect(spans.finish(span, 'SERVER', async () => Promise.resolve(spans.current()))).resolves.toBeUndefined()
    expect(spans.traceparent(span)).toBe(parent)
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  test('a batch is under its first request, and linked with all; one request needs no link', async () => {
    const [first, second] = [start(), start()]
    await spans.batch('combine', [undefined, first, second, first], {}, async () => Promise.resolve())
    await spans.batch('combine', [second], {}, async () => Promise.resolve())
    for (const span of [first, second]) span.end()
    const [both, alone, one, two] = exporter.getFinishedSpans()
    const idsOf = (links: typeof both) => links?.links.map(({ context }) => context.spanId)
    expect(both?.parentSpanContext?.spanId).toBe(first.spanContext().spanId)
    expect(idsOf(both)).toEqual([first.spanContext().spanId, second.spanContext().spanId])
    expect([idsOf(one), idsOf(two)]).toEqual([[both?.spanContext().spanId], [both?.spanContext().spanId]])
    expect(alone?.parentSpanContext?.spanId).toBe(second.spanContext().spanId)
    expect(idsOf(alone)).toEqual([])
  })

  test('a batch for requests that are over, or not recorded, is done without a span', async () => {
    const over = start()
    over.end()
    exporter.reset()
    await expect(spans.batch('combine', [over, undefined], {}, async () => Promise.resolve(7))).resolves.toBe(7)
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  test('a refusal is no error of who serves; of an error no more is told than its code', async () => {
    const failing = async (kind: 'SERVER' | 'CLIENT', error: unknown) => {
      const span = spans.start({ name: kind, kind, parent: undefined })
      await expect(spans.finish(span, kind, async () => Promise.reject(error as Error))).rejects.toBe(error)
    }
    const refusal = new HoldfastError('INSUFFICIENT_STOCK', 'ada@shop.example wants too much')
    await failing('SERVER', refusal)
    await failing('CLIENT', refusal)
    await failing('SERVER', new HoldfastError('INTERNAL', 'of ada@shop.example'))
    await failing('CLIENT', new TypeError('ada@shop.example'))
    const told = exporter.getFinishedSpans().map(({ status, attributes, events }) => ({ status, attributes, events }))
    expect(told).toEqual([
      { status: { code: 0 }, attributes: { 'holdfast.refusal': 'INSUFFICIENT_STOCK' }, events: [] },
      { status: { code: 2 }, attributes: { 'error.type': 'INSUFFICIENT_STOCK' }, events: [] },
      { status: { code: 2 }, attributes: { 'error.type': 'INTERNAL' }, events: [] },
      { status: { code: 2 }, attributes: { 'error.type': 'TypeError' }, events: [] },
    ])
  })
})
