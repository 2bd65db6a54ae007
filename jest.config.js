/**
 * Three projects by file name: unit (beside the source, no I/O), int (a real database for each file) and e2e (the running
 * system). `jest --selectProjects unit int`, `jest packages/system-tests/oversell.e2e.test.ts`, ... The workspace has to be
 * built: packages are used from their dist folders.
 */
const { spawnSync } = require('node:child_process')

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // Beyond the patience of waitFor, which says what was waited for.
  testTimeout: 180_000,
  modulePathIgnorePatterns: ['/dist/', '/.holdfast/'],
  transform: {
    // The client is the one package of ours that is an ES module.
    '(\\.ts|/packages/client/dist/.+\\.js)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
}

/** Suites that this machine can't run: `{ suite: 'name', pattern: 'regular expression of its files', want: 'what is missing' }`. */
const leftOut = [
  { suite: 'the commands that a start prints', pattern: 'printed-commands\\.e2e', want: 'curl', there: isThere('curl') },
  { suite: 'the alert rules', pattern: 'alert-rules\\.e2e', want: 'promtool', there: isThere('promtool') },
  { suite: 'the boards of Grafana', pattern: 'boards\\.e2e', want: 'prometheus', there: isThere('prometheus') },
  { suite: 'events over Kafka', pattern: '/kafka[^/]*\\.(int|e2e)', want: 'Docker, or Java 17 with Maven', there: canRunKafka() },
  {
    suite: 'limits shared by Redis',
    pattern: '/redis[^/]*\\.int',
    want: 'redis-server',
    // With REQUIRE_REDIS they fail where there is none.
    there: process.env.REQUIRE_REDIS === '1' || isThere('redis-server'),
  },
  {
    suite: 'TLS and SASL to Kafka',
    pattern: 'secure-kafka\\.int',
    want: 'Java 17 with Maven',
    there: process.env.REQUIRE_KAFKA === '1' || (hasJava17() && isThere('mvn')),
  },
  {
    suite: 'events read by kcat',
    pattern: 'kafka-kcat\\.e2e',
    want: 'kcat',
    there: process.env.REQUIRE_KCAT === '1' || runs('kcat', '-V'),
  },
  {
    suite: 'the Kubernetes manifests as kustomize makes them',
    pattern: 'kustomize\\.int',
    want: 'kustomize, and kubernetes-validate of PyPI',
    there: process.env.REQUIRE_KUSTOMIZE === '1' || (runs('kustomize', 'version') && isThere('kubernetes-validate')),
  },
  {
    suite: 'pages in a browser',
    pattern: '(browser|console)\\.e2e',
    want: 'chromium (its path in CHROMIUM, else /usr/bin/chromium)',
    // With REQUIRE_BROWSER it is never left out.
    there: process.env.REQUIRE_BROWSER === '1' || runs(process.env.CHROMIUM ?? '/usr/bin/chromium', '--version'),
  },
  {
    suite: 'the OpenAPI document by Schemathesis',
    pattern: 'schemathesis\\.e2e',
    want: 'schemathesis of PyPI',
    // With REQUIRE_SCHEMATHESIS it is never left out.
    there: process.env.REQUIRE_SCHEMATHESIS === '1' || isThere('schemathesis'),
  },
  {
    suite: 'the Python example',
    pattern: 'kafka-example-python\\.e2e',
    want: 'python3 with docs/examples/requirements.txt',
    // With REQUIRE_PYTHON it is never left out.
    there: process.env.REQUIRE_PYTHON === '1' || runs('python3', '-c', 'import kafka'),
  },
].filter(({ there }) => !there)

/** Whether a program is on the PATH. */
function isThere(program) {
  return runs(program, '--version')
}

function runs(program, ...args) {
  // On Windows many a program is a script, which only a shell finds.
  return spawnSync(program, args, { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0
}

/** With REQUIRE_KAFKA its suites are never left out: they fail where there is no way to a broker. */
function canRunKafka() {
  if (process.env.REQUIRE_KAFKA === '1' || process.env.KAFKA_BROKERS || process.env.HOLDFAST_TEST_KAFKA_BROKERS) return true
  return runs('docker', 'info') || (hasJava17() && isThere('mvn'))
}

function hasJava17() {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0) >= 17
}

const project = (displayName, testMatch, more) => ({
  ...shared,
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...leftOut.map(({ pattern }) => pattern)],
  ...more,
})

module.exports = {
  maxWorkers: 3,
  testTimeout: shared.testTimeout,
  globalSetup: '<rootDir>/packages/testing/dist/src/global-setup.js',
  globalTeardown: '<rootDir>/packages/testing/dist/src/global-teardown.js',
  reporters: ['default', ['<rootDir>/packages/testing/dist/src/reporter.js', { leftOut }]],
  projects: [
    project('unit', ['packages/*/src/**/*.test.ts', 'packages/system-tests/model/*.test.ts', 'services/*/src/**/*.test.ts']),
    project('int', ['packages/*/test/**/*.int.test.ts', 'services/*/test/**/*.int.test.ts']),
    // A whole system is many processes: two files at once, and never beside the other projects.
    project('e2e', ['packages/system-tests/**/*.e2e.test.ts', 'packages/*/test/**/*.e2e.test.ts'], {
      runner: '<rootDir>/packages/testing/dist/src/system-runner.js',
    }),
  ],
}
