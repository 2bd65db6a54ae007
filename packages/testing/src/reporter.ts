/** A suite that this machine could not run, and what it would need. */
export interface LeftOutSuite {
  suite: string
  want: string
}

interface Totals {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  /** Files that could not even be loaded. */
  numRuntimeErrorTestSuites: number
}

/** Ends the run's output with the suites left out and one line of totals, for people and for scripts. */
export default class SummaryLineReporter {
  private readonly leftOut: LeftOutSuite[]

  constructor(_globalConfig: unknown, options: { leftOut?: LeftOutSuite[] } = {}) {
    this.leftOut = options.leftOut ?? []
  }

  onRunComplete(_contexts: unknown, totals: Totals): void {
    const lines = [...leftOutLines(this.leftOut), summaryLine(totals)]
    // At the very end: jest's own summary comes after the reporters that it was given.
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`))
  }
}

export function summaryLine(totals: Totals): string {
  const failed = totals.numFailedTests + totals.numRuntimeErrorTestSuites
  const skipped = totals.numPendingTests + totals.numTodoTests
  return `${totals.numPassedTests} passed, ${failed} failed, ${skipped} skipped`
}

export function leftOutLines(leftOut: LeftOutSuite[]): string[] {
  if (leftOut.length === 0) return ['No suite was left out.']
  return leftOut.map(({ suite, want }) => `Left out: ${suite}, for want of ${want}.`)
}
