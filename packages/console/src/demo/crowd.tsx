import type { Sale } from '@holdfast/client'
import { useComputedColorScheme } from '@mantine/core'
import { useElementSize, useReducedMotion } from '@mantine/hooks'
import { useEffect, useMemo, useRef } from 'react'

import { Painter, states } from './crowd-painter.ts'
import { count } from './words.ts'
import classes from './crowd.module.css'

/** Everybody who wants one, each a dot that takes on the colour of what became of them. A canvas has the colours it was made with. */
export function Crowd({ sale }: { sale: Sale }) {
  return <Dots key={useComputedColorScheme()} sale={sale} />
}

function Dots({ sale }: { sale: Sale }) {
  const { ref: box, width } = useElementSize()
  const canvas = useRef<HTMLCanvasElement>(null)
  const legend = useRef<HTMLUListElement>(null)
  const still = useReducedMotion()
  const painter = useMemo(() => new Painter(sale.shoppers), [sale.shoppers])
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context || legend.current === null || width === 0) return
    painter.place(context, width, colorsOf(legend.current))
    painter.paint()
    return () => painter.rest()
  }, [painter, width])
  useEffect(() => painter.show(sale.states, !still), [painter, sale.states, still])
  return (
    <div ref={box}>
      <canvas
        ref={canvas}
        className={classes.crowd}
        role="img"
        aria-label={`${count(sale.won)} of ${count(sale.shoppers)} shoppers have won a unit, ${count(sale.refused)} were told that it is sold out`}
      />
      <ul ref={legend} className={classes.legend}>
        {states.map(({ name, text }) => (
          <li key={name}>
            <span className={classes.dot} data-state={name} />
            {text}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** As the style sheet has them in this scheme. */
function colorsOf(legend: HTMLElement): string[] {
  return [...legend.querySelectorAll('[data-state]')].map((dot) => getComputedStyle(dot).backgroundColor)
}
