import type { CommandUnknownOpts } from '@commander-js/extra-typings'

import { Cli } from './cli'
import { createProgram } from './program'

export { exitCodes } from './exit-codes'

/** The program as it is, to be described: none of its commands is run. */
export function describedProgram(): CommandUnknownOpts {
  return createProgram(new Cli({}, new AbortController().signal, async () => 0))
}
