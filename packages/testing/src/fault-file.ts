/** How a test tells a service's process of a fault: one file for each armed point. */

/** `crash`: as by kill -9. `fail`: an error that nobody expects. `hang`: until it is disarmed. */
export type FaultAction = 'crash' | 'fail' | 'hang'

/** The content of a point's file, in JSON. */
export interface ArmedFault {
  action: FaultAction
  /** 1: the next one. */
  passing: number
}

/** There once the process has done what the point's file says. */
export function struckFile(file: string): string {
  return `${file}.struck`
}
