// What `npm start` and the other npm scripts run: plain JavaScript for whatever Node is there. It installs and builds what is
// missing, then hands over to the workspace's own Node. Nothing is imported that an old Node lacks, so that one gets the
// message below instead of a stack trace.
import { spawn } from 'child_process'
import { createHash } from 'crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs'
import { homedir, tmpdir } from 'os'
import { delimiter, dirname, join } from 'path'
import { fileURLToPath } from 'url'

const nodeVersion = '24.21.0'
const pnpmVersion = '11.28.10'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const modules = join(root, 'node_modules')
const lockfile = join(root, 'pnpm-lock.yaml')
const installStamp = join(modules, '.holdfast-installed')
const windows = process.platform === 'win32'

/** The project's Node is a pinned dependency; where it has no package (macOS), the one that runs this is new enough. */
function ownNode() {
  const platform = windows ? 'win' : process.platform
  return join(modules, `node-${platform}-${process.arch}`, 'bin', windows ? 'node.exe' : 'node')
}

const hasOwnNode = ['linux-x64', 'linux-arm64', 'win32-x64'].includes(`${process.platform}-${process.arch}`)

function projectNode() {
  return hasOwnNode ? ownNode() : process.execPath
}

function atLeast(version, wanted) {
  const [major, minor] = version.split('.').map(Number)
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1])
}

function checkNode() {
  const wanted = hasOwnNode ? [20, 19] : [22, 22]
  if (atLeast(process.versions.node, wanted)) return
  console.error(`Holdfast needs Node ${wanted.join('.')} or newer here, and this is ${process.versions.node}: https://nodejs.org`)
  process.exit(1)
}

function isInstalled() {
  if (!existsSync(join(modules, '.modules.yaml')) || (hasOwnNode && !existsSync(ownNode()))) return false
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === lockfileHash()) return true
  // Installed by hand since the lockfile changed.
  return statSync(join(modules, '.modules.yaml')).mtimeMs >= statSync(lockfile).mtimeMs
}

function lockfileHash() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex')
}

/** npm and pnpm keep things under HOME; where that can't be written they get another for the time of the install. */
function borrowedHome() {
  try {
    rmSync(mkdtempSync(join(homedir(), '.holdfast-')), { recursive: true })
    return undefined
  } catch {
    return mkdtempSync(join(tmpdir(), 'holdfast-home-'))
  }
}

async function install() {
  console.log('Installing what Holdfast is made of (the first time takes a minute or two) ...')
  const home = borrowedHome()
  const packages = [`pnpm@${pnpmVersion}`]
  // pnpm itself wants Node 22.13.
  if (!atLeast(process.versions.node, [22, 13])) packages.unshift(`node@${nodeVersion}`)
  const args = ['-y', ...packages.flatMap((name) => ['-p', name]), 'pnpm', 'install', '--frozen-lockfile']
  // CI: no questions are asked, there may be nobody to answer.
  const env = { ...process.env, CI: 'true', ...(home === undefined ? {} : homeVariables(home)) }
  try {
    await runQuietly(windows ? 'npx.cmd' : 'npx', args, { env, shell: windows })
  } finally {
    if (home !== undefined) rmSync(home, { recursive: true, force: true })
  }
  writeFileSync(installStamp, lockfileHash())
}

function homeVariables(home) {
  return { HOME: home, USERPROFILE: home, npm_config_cache: join(home, '.npm'), XDG_DATA_HOME: join(home, '.local', 'share') }
}

/** What the project's own Node and tools are found by. */
function projectEnv() {
  const tools = [dirname(projectNode()), join(modules, '.bin'), join(root, 'packages', 'contracts', 'node_modules', '.bin')]
  // Windows calls it Path.
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH'
  return { ...process.env, [name]: [...tools, process.env[name] ?? ''].join(delimiter) }
}

const tool = {
  generate: () => node(join('packages', 'contracts', 'scripts', 'generate.mjs')),
  checkBreaking: (...args) => node(join('packages', 'contracts', 'scripts', 'check-breaking.mjs'), ...args),
  site: () => node(join('packages', 'console', 'scripts', 'build.mjs')),
  tsc: (...args) => node(join('node_modules', 'typescript', 'bin', 'tsc'), ...args),
  jest: (...args) => node(join('node_modules', 'jest', 'bin', 'jest.js'), ...args),
  oxlint: (...args) => node(join('node_modules', 'oxlint', 'bin', 'oxlint'), ...args),
  oxfmt: (...args) => node(join('node_modules', 'oxfmt', 'bin', 'oxfmt'), ...args),
  buf: (...args) => node(join('node_modules', '@bufbuild', 'buf', 'bin', 'buf'), ...args),
}

function node(script, ...args) {
  return { command: projectNode(), args: [join(root, script), ...args], options: { cwd: root, env: projectEnv() } }
}

/** What a command runs after the install and before the build, which may need what that makes. */
const beforeBuild = {
  // The client is written from the protos: what no longer fits an RPC that has changed fails only when that is there.
  catalogue: [
    tool.generate(),
    tool.tsc('-b', join('packages', 'openapi')),
    node(join('packages', 'openapi', 'dist', 'src', 'write-client.js')),
  ],
}

/** pnpm is only fetched to install; the build is run without it. */
async function build() {
  const first = !existsSync(join(root, 'packages', 'launcher', 'dist'))
  if (first) console.log('Building ...')
  await Promise.all([runAll([tool.generate(), tool.tsc('-b')]), runAll([tool.site()])])
}

async function runAll(steps) {
  for (const { command, args, options } of steps) await runQuietly(command, args, options)
}

const launcher = join('packages', 'launcher', 'dist', 'src', 'main.js')
const backup = join('packages', 'launcher', 'dist', 'src', 'backup', 'main.js')
const cli = join('packages', 'cli', 'bin', 'holdfast.mjs')
const kafka = join('packages', 'testing', 'dist', 'src', 'kafka', 'main.js')
const deployment = join('packages', 'deployment', 'dist', 'src', 'main.js')
const bench = join('packages', 'bench', 'dist', 'src', 'main.js')
const trial = join('packages', 'trials', 'dist', 'src', 'main.js')
const survival = join('packages', 'survival', 'dist', 'src', 'main.js')
const release = join('packages', 'release', 'dist', 'src', 'main.js')
const rolling = join('packages', 'upgrade', 'dist', 'src', 'rolling', 'main.js')
const upgrade = join('packages', 'upgrade', 'dist', 'src', 'main.js')

/** What each command runs after install and build, one after the other until one fails. */
const commands = {
  start: (args) => [{ ...node(launcher, ...args), endsWithUs: true }],
  holdfast: (args) => [node(cli, ...args)],
  backup: (args) => [node(backup, ...args)],
  demo: (args) => [node(cli, 'demo', ...args)],
  sweep: (args) => [node(cli, 'sweep', ...args)],
  holds: (args) => [node(cli, 'holds', ...args)],
  import: (args) => [node(cli, 'import', ...args)],
  export: (args) => [node(cli, 'export', ...args)],
  'export-audit': (args) => [node(cli, 'export-audit', ...args)],
  'rebuild-activity': (args) => [node(cli, 'rebuild-activity', ...args)],
  kafka: (args) => [{ ...node(kafka, ...args), endsWithUs: true }],
  dlq: (args) => [node(cli, 'dlq', ...args)],
  deployment: (args) => [node(deployment, ...args)],
  bench: (args) => [node(bench, ...args)],
  trial: (args) => [node(trial, ...args)],
  survive: (args) => [node(survival, ...args)],
  rolling: (args) => [node(rolling, ...args)],
  release: (args) => [node(release, ...args)],
  build: () => [],
  catalogue: () => [node(join('packages', 'catalogue', 'dist', 'src', 'main.js'))],
  pictures: () => [node(join('packages', 'console', 'scripts', 'pictures.mjs'))],
  tour: () => [node(join('packages', 'tour', 'dist', 'src', 'main.js'))],
  certificates: (args) => [node(join('packages', 'certificates', 'dist', 'src', 'main.js'), ...args)],
  baseline: () => [tool.checkBreaking('--write')],
  test: (args) => [tool.tsc('-p', 'tsconfig.test.json'), tool.jest(...args)],
  check: () => [
    tool.oxlint('--type-aware', '--deny-warnings'),
    tool.buf('lint'),
    tool.checkBreaking(),
    node(upgrade),
    tool.oxfmt('--check'),
    tool.tsc('-p', 'tsconfig.test.json'),
  ],
}

/** Runs with our terminal. By the channel, one that `endsWithUs` notices that we are gone, however that came about. */
async function run({ command, args, options, endsWithUs }) {
  const stdio = ['inherit', 'inherit', 'inherit', ...(endsWithUs ? ['ipc'] : [])]
  const child = spawn(command, args, { ...options, stdio })
  const stop = () => child.kill('SIGTERM')
  process.on('SIGTERM', stop)
  const watch = watchNpm(stop)
  const code = await ended(child)
  clearInterval(watch)
  process.off('SIGTERM', stop)
  return code
}

/** npm that is killed does not tell: its shell dies without passing the signal on, or stays and waits for us. */
function watchNpm(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined
  const before = ancestors()
  const watch = setInterval(() => {
    if (ancestors() === before) return
    clearInterval(watch)
    onGone()
  }, 300)
  return watch
}

/** Our parent, and where that is the shell between npm and us, npm. */
function ancestors() {
  const parent = process.ppid
  try {
    const isShell = readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes('bootstrap.mjs')
    const npm = isShell ? /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${parent}/status`, 'utf8'))[1] : ''
    return `${parent} ${npm}`
  } catch {
    return String(parent)
  }
}

/** Shows what a step printed only when it fails, and then ends. */
async function runQuietly(command, args, options) {
  const child = spawn(command, args, { cwd: root, ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  const code = await ended(child)
  if (code === 0) return
  process.stderr.write(Buffer.concat(output))
  console.error(`\nThis did not work: ${[command, ...args].join(' ')}`)
  process.exit(code)
}

function ended(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
}

async function main([name, ...args]) {
  checkNode()
  const steps = commands[name]
  if (steps === undefined) {
    console.error(`usage: bootstrap.mjs ${Object.keys(commands).join('|')}`)
    return 2
  }
  // Ctrl-C reaches the child as well, which ends in order; this process only waits for it.
  process.on('SIGINT', () => undefined)
  if (!isInstalled()) await install()
  await runAll(beforeBuild[name] ?? [])
  await build()
  for (const step of steps(args)) {
    const code = await run(step)
    if (code !== 0) return code
  }
  return 0
}

process.exitCode = await main(process.argv.slice(2))
