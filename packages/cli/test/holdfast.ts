/** The command line as a process of its own, as people and scripts have it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const bin = join(__dirname, '..', 'bin', 'holdfast.mjs')

export interface Ran {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** Somebody with a configuration folder, which goes away with them. */
export interface Person {
  folder: string
  env: Record<string, string>
  /** Runs it to its end. */
  run: (...words: string[]) => Promise<Ran>
  /** The same, with something on standard input. */
  runWith: (input: string, ...words: string[]) => Promise<Ran>
  /** @returns what `--json` printed; fails unless the exit code is 0 */
  json: <Body = Record<string, unknown>>(...words: string[]) => Promise<Body>
  /** Runs on until it is stopped. */
  start: (...words: string[]) => ChildProcess
  remove: () => Promise<void>
}

export async function newPerson(env: Record<string, string>): Promise<Person> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
  const whole = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
    HOLDFAST_DATA_DIR: join(folder, 'data'),
    ...env,
  }
  const start = (...words: string[]): ChildProcess => spawn(process.execPath, [bin, ...words], { env: whole, stdio: 'pipe' })
  const runWith = async (input: string, ...words: string[]): Promise<Ran> => {
    const child = start(...words)
    child.stdin?.on('error', () => undefined).end(input)
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout === null ? '' : text(child.stdout),
      child.stderr === null ? '' : text(child.stderr),
      ended,
    ])
    return { exitCode, stdout, stderr }
  }
  const run = async (...words: string[]): Promise<Ran> => runWith('', ...words)
  return {
    folder,
    env: whole,
    run,
    runWith,
    json: async <Body>(...words: string[]) => {
      const { exitCode, stdout, stderr } = await run(...words, '--json')
      if (exitCode !== 0) throw new Error(`holdfast ${words.join(' ')} ended with ${exitCode}: ${stderr}`)
      return JSON.parse(stdout) as Body
    },
    start,
    remove: async () => rm(folder, { recursive: true, force: true }),
  }
}
