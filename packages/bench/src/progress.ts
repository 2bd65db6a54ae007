/** How far a run is and how long the rest will take, if that goes on as fast: `[12/150, about 9 min left]`. */
export function showProgress(done: number, total: number, elapsedMs: number): string {
  if (done === 0) return `[0/${total}]`
  const leftMs = (elapsedMs / done) * (total - done)
  const left = leftMs < 60_000 ? `${Math.ceil(leftMs / 1000)} s` : `${Math.round(leftMs / 60_000)} min`
  return done === total ? `[${done}/${total}]` : `[${done}/${total}, about ${left} left]`
}
