import { exitCodes } from './exit-codes'
import { run } from './run'

/** Whoever read us has enough (`holdfast list-products | head -1`): no more is to be done, and that is no failure. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(exitCodes.ok[0])
}

async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithReader)
  const interrupt = new AbortController()
  // The second time whatever is under way is left as it is.
  process.on('SIGINT', () => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted[0])
    interrupt.abort()
  })
  process.exitCode = await run(process.argv.slice(2), process.env, interrupt.signal)
}

void main()
