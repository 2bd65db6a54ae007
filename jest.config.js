/**
 * Three projects by file name: unit (beside the source, no I/O), int (a real database for each file) and e2e (the running
 * system). `jest --selectProjects unit int`, `jest packages/system-tests/oversell.e2e.test.ts`, ... The workspace has to be
 * built: packages are used from their dist folders.
 */
const { spawnSync } = require('node:child_process')

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  testTimeout: 60_000,
  modulePathIgnorePatterns: ['/dist/', '/.holdfast/'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } }],
  },
}

/** Suites that this machine can't run: `{ suite: 'name', pattern: 'regular expression of its files', want: 'what is missing' }`. */
const leftOut = [
  { suite: 'the commands that a start prints', pattern: 'printed-commands\\.e2e', want: 'curl', there: isThere('curl') },
  { suite: 'the alert rules', pattern: 'alert-rules\\.e2e', want: 'promtool', there: isThere('promtool') },
].filter(({ there }) => !there)

/** Whether a program is on the PATH. */
function isThere(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

const project = (displayName, testMatch, more) => ({
  ...shared,
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...leftOut.map(({ pattern }) => pattern)],
  ...more,
})

module.exports = {
  maxWorkers: 2,
  testTimeout: shared.testTimeout,
  globalSetup: '<rootDir>/packages/testing/dist/src/global-setup.js',
  globalTeardown: '<rootDir>/packages/testing/dist/src/global-teardown.js',
  reporters: ['default', ['<rootDir>/packages/testing/dist/src/reporter.js', { leftOut }]],
  projects: [
    project('unit', ['packages/*/src/**/*.test.ts', 'packages/system-tests/model/*.test.ts', 'services/*/src/**/*.test.ts']),
    project('int', ['packages/*/test/**/*.int.test.ts', 'services/*/test/**/*.int.test.ts']),
    // A whole system is many processes, so these files run one after the other, and never beside the other projects.
    project('e2e', ['packages/system-tests/**/*.e2e.test.ts', 'packages/*/test/**/*.e2e.test.ts'], {
      runner: '<rootDir>/packages/testing/dist/src/serial-runner.js',
    }),
  ],
}
