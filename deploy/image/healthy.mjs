// HEALTHCHECK of the image: whether the service of this container takes calls; the metrics listener knows.
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.METRICS_PORT}/readyz`
try {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(2_500) })
  process.exit(ok ? 0 : 1)
} catch {
  process.exit(1)
}
