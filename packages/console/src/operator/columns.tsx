import { useId } from 'react'

import classes from './columns.module.css'

export interface Column {
  /** Of the time that it stands for. */
  name: string
  /** What is seen on the mark, and read aloud. */
  text: string
  /** 0 or more. */
  value: number
}

const height = 120
const step = 10
const gap = 2

/** A column for each time, the highest as high as the picture. A table says the same to whoever can't see it. */
export function Columns({ title, columns }: { title: string; columns: readonly Column[] }) {
  const id = useId()
  const most = Math.max(0, ...columns.map(({ value }) => value))
  const top = columns.find(({ value }) => value === most && most > 0)
  return (
    <figure className={classes.figure} aria-labelledby={id}>
      <figcaption id={id} className={classes.caption}>
        {title}
        {top !== undefined && <span className={classes.most}>most: {top.text}</span>}
      </figcaption>
      <svg
        className={classes.columns}
        viewBox={`0 0 ${Math.max(1, columns.length) * step} ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {columns.map(({ name, text, value }, index) => {
          const tall = most === 0 ? 0 : Math.max(value === 0 ? 0 : 2, (value / most) * height)
          return (
            <g key={name}>
              <title>{`${name}: ${text}`}</title>
              <rect className={classes.ground} x={index * step} y={0} width={step} height={height} />
              <rect className={classes.column} x={index * step + gap / 2} y={height - tall} width={step - gap} height={tall} />
            </g>
          )
        })}
      </svg>
      <div className={classes.ends} aria-hidden="true">
        <span>{columns[0]?.name}</span>
        <span>{columns.at(-1)?.name}</span>
      </div>
      <table className={classes.table}>
        <caption>{title}</caption>
        <tbody>
          {columns
            .filter(({ value }) => value > 0)
            .map(({ name, text }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{text}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  )
}
