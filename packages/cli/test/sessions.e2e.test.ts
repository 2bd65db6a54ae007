/** Who the commands are, over time: logins that are kept and renewed, a system that goes away, and the interactive mode. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'

import { registerUser, startTestSystem, type TestSystem, type TestUser, waitFor } from '@holdfast/testing'

import { bin, newPerson, type Person } from './holdfast'

jest.setTimeout(300_000)

const patience = { timeoutMs: 60_000 }

let system: TestSystem
let user: TestUser
let person: Person
let tokens: string
const terminals: ChildProcess[] = []

beforeAll(async () => {
  system = await startTestSystem()
  user = await registerUser(system.url)
  person = await newPerson({ HOLDFAST_URL: system.url })
  tokens = join(person.folder, 'config', 'holdfast', 'credentials.json')
})
afterAll(async () => {
  for (const terminal of terminals) terminal.kill()
  await person.remove()
  await system.stop()
})

const logIn = async (): Promise<void> => {
  const answer = await person.runWith(user.password, 'login', '--email', user.email, '--password-stdin')
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
}

/** The login as the file has it, for this system. */
interface Kept {
  accessToken: string
  refreshToken: string
  expiresAt: number
}
const readKept = async () => (JSON.parse(await readFile(tokens, 'utf8')) as Record<string, Kept>)[system.url]

const age = async (change: Partial<Kept>): Promise<void> => {
  const kept = await readKept()
  await writeFile(tokens, JSON.stringify({ [system.url]: { ...kept, ...change } }))
}

describe('a login', () => {
  test('is kept where only its owner may read it, and is refused where others may', async () => {
    await logIn()
    expect(await person.json('whoami')).toMatchObject({ user: { email: user.email, role: 'USER' } })
    const modes = await Promise.all([tokens, dirname(tokens)].map(async (path) => ((await stat(path)).mode & 0o777).toString(8)))
    expect(modes).toEqual(['600', '700'])
    expect(await readFile(tokens, 'utf8')).not.toContain(user.password)
    await chmod(tokens, 0o644)
    expect(await person.run('whoami')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('may be read by others') })
    await chmod(tokens, 0o600)
  })

  test('is renewed by itself, and many commands at once do not end it', async () => {
    await logIn()
    const before = await readKept()
    await age({ expiresAt: 0 })
    const answers = await Promise.all(Array.from({ length: 5 }, async () => person.run('whoami', '--quiet')))
    expect(answers).toEqual(answers.map(() => ({ exitCode: 0, stdout: `${user.id}\n`, stderr: '' })))
    const after = await readKept()
    expect(after?.refreshToken).not.toBe(before?.refreshToken)
    // The session would be over if one of them had used a refresh token for the second time.
    await age({ expiresAt: 0 })
    expect(await person.run('whoami')).toMatchObject({ exitCode: 0 })
  })

  test('that the system does not know any more is told, and ends with logout', async () => {
    await logIn()
    await age({ accessToken: 'not.a.token', refreshToken: 'nor this' })
    expect(await person.run('reservations')).toMatchObject({
      exitCode: 3,
      stderr: `holdfast: the session at ${system.url} has ended: "holdfast login"\n`,
    })
    await logIn()
    const other = await newPerson({ HOLDFAST_URL: system.url, HOLDFAST_TOKEN: (await readKept())?.accessToken ?? '' })
    expect(await other.run('whoami', '-q')).toMatchObject({ exitCode: 0, stdout: `${user.id}\n` })
    expect(await person.run('logout', '--everywhere')).toMatchObject({ exitCode: 0, stdout: `Signed out at ${system.url}.\n` })
    expect(await other.run('whoami')).toMatchObject({ exitCode: 3 })
    expect(await person.run('logout')).toMatchObject({ exitCode: 3 })
    await logIn()
    await age({ refreshToken: 'nor this' })
    expect(await person.run('logout')).toMatchObject({ exitCode: 0 })
    await other.remove()
  })

  test('with a wrong password is refused, and without anybody to ask as well', async () => {
    const wrong = await person.runWith('not this one', 'login', '--email', user.email, '--password-stdin')
    expect(wrong).toMatchObject({ exitCode: 3, stderr: expect.not.stringContaining('sign in with') })
    const asked = await person.run('login', '--email', user.email)
    expect(asked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--password-stdin, or HOLDFAST_PASSWORD') })
  })
})

test('without a login the commands are the admin of the environment, or one of the two of an embedded start on this machine', async () => {
  const { admin } = system.credentials
  const byEnvironment = await newPerson({
    HOLDFAST_URL: system.url,
    HOLDFAST_ADMIN_EMAIL: admin.email,
    HOLDFAST_ADMIN_PASSWORD: admin.password,
  })
  const byFile = await newPerson({ HOLDFAST_URL: system.url })
  const data = byFile.env['HOLDFAST_DATA_DIR'] ?? ''
  await mkdir(data)
  await writeFile(join(data, 'credentials.json'), JSON.stringify({ admin, user: { email: user.email, password: user.password } }))
  const answers = await Promise.all([
    byEnvironment.run('whoami'),
    byFile.run('whoami'),
    byFile.run('whoami', '--as', 'user'),
    byFile.run('whoami', '--as', 'user', '--url', 'http://holdfast.invalid'),
  ])
  expect(answers.map(({ stderr }) => stderr)).toEqual([
    `At ${system.url} as ${admin.email}, of HOLDFAST_ADMIN_EMAIL.\n`,
    `At ${system.url} as ${admin.email}, of ${join(data, 'credentials.json')}.\n`,
    `At ${system.url} as ${user.email}, of ${join(data, 'credentials.json')}.\n`,
    // A password of this machine goes nowhere else: nobody is asked for a token.
    expect.stringMatching(/Holdfast does not run at http:\/\/holdfast\.invalid \(E/),
  ])
  await Promise.all([byEnvironment, byFile].map(async (each) => each.remove()))
})

describe('on a terminal', () => {
  test('commands follow one another: Tab completes, arrows bring back, Ctrl-C ends what runs, Ctrl-D leaves', async () => {
    const { admin } = system.credentials
    const someone = await newPerson({
      HOLDFAST_URL: system.url,
      HOLDFAST_ADMIN_EMAIL: admin.email,
      HOLDFAST_ADMIN_PASSWORD: admin.password,
    })
    expect(await someone.run('create-product', 'LENS', 'A lens', '--price', '99', '--stock', '7')).toMatchObject({ exitCode: 0 })
    const terminal = openTerminal(someone)
    await terminal.shows(`Holdfast at ${system.url}, as ${admin.email}`)
    await terminal.shows('holdfast> ')
    // Enter before the completion is there: the line is taken as it is, and what comes late hurts nobody.
    terminal.type('product NON\t\r')
    await terminal.shows('(NOT_FOUND)')
    await terminal.shows('holdfast> ')
    terminal.type('availab\t')
    await terminal.shows('availability ')
    terminal.type('LE\t')
    await terminal.shows('LENS')
    terminal.type('\r')
    await terminal.shows(/available[\s\S]*LENS +MAIN +\S*7\S*/)
    // Two lines at once, the first of which is refused.
    terminal.type('product NONE\rwhoami --quiet\r')
    await terminal.shows('(NOT_FOUND)')
    await terminal.shows(/[\da-f]{8}-[\da-f-]{27}\r\n/)
    terminal.type('watch LENS\r')
    await terminal.shows('Ctrl-C ends it')
    await someone.run('adjust', 'LENS', '1', '--reason', 'found')
    await terminal.shows(/LENS +MAIN +\S*8\S*/)
    terminal.type('\u0003')
    await terminal.shows('holdfast> ')
    terminal.type('\u001b[A\u001b[A')
    await terminal.shows('whoami --quiet')
    terminal.type('\r')
    await terminal.shows(/[\da-f]{8}-[\da-f-]{27}\r\n/)
    terminal.type('login\r')
    await terminal.shows('E-mail address')
    terminal.type(`${user.email}\r`)
    await terminal.shows('Password')
    terminal.type(`${user.password}\r`)
    await terminal.shows('Signed in at')
    await terminal.shows('holdfast> ')
    expect(terminal.all()).not.toContain(user.password)
    // A line and Ctrl-D while a command runs, which ends when both are typed: the line is run, and then it leaves.
    const slow = await startSlowServer()
    terminal.type(`api GET /slow --url ${slow.url}\r`)
    await waitFor(() => slow.isAsked(), { what: 'the command to run', ...patience })
    terminal.type('api GET /healthz\r\u0004')
    await terminal.shows('api GET /healthz')
    slow.answer()
    expect(await terminal.ended).toBe(0)
    await terminal.shows(/slow[\s\S]*\{/)
    const history = await readFile(join(someone.folder, 'state', 'holdfast', 'history'), 'utf8')
    expect(history.split('\n').slice(0, 3)).toEqual(['api GET /healthz', `api GET /slow --url ${slow.url}`, 'login'])
    await someone.remove()
  })
})

describe('a system that goes away', () => {
  test('is waited for by watch, which goes on where it was', async () => {
    const { admin } = system.credentials
    const env = { HOLDFAST_ADMIN_EMAIL: admin.email, HOLDFAST_ADMIN_PASSWORD: admin.password, HOLDFAST_URL: system.url }
    const someone = await newPerson(env)
    await someone.run('create-product', 'FLASH', 'A flash', '--price', '9', '--stock', '3')
    const watching = someone.start('watch', 'FLASH')
    const lines = linesOf(watching)
    await waitFor(() => lines.length === 1, { what: 'what is now', ...patience })
    await system.kill('gateway')
    await waitFor(async () => (await someone.run('health')).exitCode === 5, { what: 'the gateway to be away', ...patience })

    const [read, change, json] = await Promise.all([
      someone.run('product', 'FLASH'),
      someone.run('adjust', 'FLASH', '1', '--reason', 'found', '--key', 'mine'),
      someone.run('product', 'FLASH', '--json'),
    ])
    const told = `holdfast: Holdfast does not run at ${system.url} (ECONNREFUSED): start it with "npm start", or say where it is with --url\n`
    expect(read).toEqual({ exitCode: 5, stdout: '', stderr: told })
    expect(change.exitCode).toBe(5)
    expect(JSON.parse(json.stderr)).toMatchObject({ code: 'UNAVAILABLE', status: 0, requestId: '' })

    await system.restart('gateway')
    await system.waitUntilReady()
    await someone.run('adjust', 'FLASH', '2', '--reason', 'found')
    await waitFor(() => lines.length >= 2, { what: 'the change', ...patience })
    const [first, last] = [lines[0], lines.at(-1)].map((line) => JSON.parse(line ?? '') as { availability: object[] })
    expect(first?.availability).toMatchObject([{ sku: 'FLASH', available: 3 }])
    expect(last?.availability).toMatchObject([{ sku: 'FLASH', available: 5 }])
    watching.kill('SIGINT')
    expect(await endOf(watching)).toBe(0)
    await someone.remove()
  })
})

function linesOf(child: ChildProcess): string[] {
  const lines: string[] = []
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  return lines
}

/** Answers nobody until it is told to. */
async function startSlowServer() {
  let [asked, answer]: [boolean, () => void] = [false, () => undefined]
  const server = createServer((_request, response) => {
    asked = true
    answer = () => response.setHeader('connection', 'close').end('slow')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isAsked: () => asked,
    answer: () => {
      answer()
      server.close()
    },
  }
}

const endOf = async (child: ChildProcess) => new Promise<number | null>((resolve) => child.on('close', resolve))

/** The program on a terminal of its own, which `script` of util-linux (of BSD on macOS) makes. */
function openTerminal(someone: Person) {
  const quoted = `exec '${process.execPath}' '${bin}'`
  const args =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', process.execPath, bin]
      : ['--quiet', '--return', '--command', quoted, '/dev/null']
  const child = spawn('script', args, { env: { ...someone.env, TERM: 'xterm', SHELL: '/bin/sh' } })
  terminals.push(child)
  const ended = endOf(child)
  let [output, seen] = ['', 0]
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return {
    ended,
    all: () => output,
    type: (keys: string) => void child.stdin.write(keys),
    /** Behind what was waited for before. */
    shows: async (wanted: string | RegExp) => {
      const place = () => {
        const text = output.slice(seen)
        if (typeof wanted === 'string') return text.includes(wanted) ? text.indexOf(wanted) + wanted.length : undefined
        const found = wanted.exec(text)
        return found === null ? undefined : found.index + found[0].length
      }
      await waitFor(() => place() !== undefined, { what: `${wanted} on the terminal`, ...patience }).catch((error: unknown) => {
        throw new Error(`it shows ${JSON.stringify(output.slice(seen))}`, { cause: error })
      })
      seen += place() ?? 0
    },
  }
}
