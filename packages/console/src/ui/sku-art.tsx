import type { CSSProperties } from 'react'

import classes from './sku-art.module.css'

const rings = 7
const corners = 9

/**
 * The picture of a product that has none: rings around a heart, as in wood or in the foot of kelp, drawn from its SKU. The same
 * SKU has the same rings everywhere.
 */
export function SkuArt({ sku }: { sku: string }) {
  const random = seeded(sku)
  const hue = Math.floor(random() * 12) * 30
  const heart = { x: 60 + random() * 80, y: 45 + random() * 60 }
  const shape = Array.from({ length: corners }, () => 0.78 + random() * 0.44)
  return (
    <svg
      className={classes.art}
      viewBox="0 0 200 150"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      style={{ '--hue': hue } as CSSProperties}
    >
      {Array.from({ length: rings }, (_, ring) => (
        <path
          key={ring}
          className={classes.ring}
          d={outline(heart, shape, 150 - ring * 21)}
          style={{ opacity: 0.25 + ring * 0.1 }}
        />
      ))}
    </svg>
  )
}

/** A closed curve through as many points as the shape has, each so far from the heart; smooth (Catmull-Rom as Bézier). */
function outline(heart: { x: number; y: number }, shape: readonly number[], radius: number): string {
  const at = (index: number): [number, number] => {
    const turn = ((index + shape.length) % shape.length) / shape.length
    const reach = radius * (shape[(index + shape.length) % shape.length] ?? 1)
    return [heart.x + Math.cos(turn * 2 * Math.PI) * reach, heart.y + Math.sin(turn * 2 * Math.PI) * reach * 0.8]
  }
  const text = ([x, y]: [number, number]): string => `${x.toFixed(1)} ${y.toFixed(1)}`
  const pieces = shape.map((_, index) => {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)]
    const first: [number, number] = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6]
    const second: [number, number] = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6]
    return `C${text(first)},${text(second)},${text(to)}`
  })
  return `M${text(at(0))}${pieces.join('')}Z`
}

/** Numbers from 0 to 1, the same for the same text (FNV-1a, then mulberry32). */
function seeded(text: string): () => number {
  let state = 2_166_136_261
  for (const letter of text) state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 16_777_619)
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
