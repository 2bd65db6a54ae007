import classes from './wordmark.module.css'

export function Wordmark() {
  return (
    <span className={classes.wordmark}>
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="9" className={classes.ground} />
        <g className={classes.kelp}>
          <path d="M16 26V12" />
          <path d="M16 12c0-4 3-6.500 7-6.500C23 10 20 12.500 16 12.500" />
          <path d="M16 17c0-3.500-2.600-5.700-6.500-5.700C9.500 15.300 12.200 17.500 16 17.500" />
          <path d="M16 22c-3 0-4.500 1.200-6.500 4M16 22c3 0 4.500 1.200 6.500 4" />
        </g>
      </svg>
      Holdfast
    </span>
  )
}
