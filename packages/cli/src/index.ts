export { Cli } from './cli'
export { exitCodes } from './exit-codes'
export { createProgram } from './program'
