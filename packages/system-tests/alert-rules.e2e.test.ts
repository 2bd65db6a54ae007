/** The alerts, as Prometheus itself reads and tries them. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = join(__dirname, '..', '..', 'deploy', 'prometheus')

test('the alert rules are valid', async () => {
  const { stdout } = await run('promtool', ['check', 'rules', 'rules.yml'], { cwd: folder })
  expect(stdout).toContain('SUCCESS')
})

test('each alert fires when it should, and only then', async () => {
  const { stdout } = await run('promtool', ['test', 'rules', 'rules.test.yml'], { cwd: folder })
  expect(stdout).toContain('SUCCESS')
  const names = (file: string, key: RegExp): string[] => [
    ...new Set([...readFileSync(join(folder, file), 'utf8').matchAll(key)].map(([, name]) => name ?? '')),
  ]
  expect(names('rules.test.yml', /alertname: (\w+)/g).sort()).toEqual(names('rules.yml', /alert: (\w+)/g).sort())
})

test('each alert names its runbook, which says what it means, what to look at and what to do; and each runbook has its alert', () => {
  const rules = readFileSync(join(folder, 'rules.yml'), 'utf8')
  const alerts = rules.split(/^ {6}- alert: /m).slice(1)
  const named = alerts.map((alert) => {
    const [name = ''] = alert.split('\n')
    return [name, /runbook_url: (.*)/.exec(alert)?.[1]]
  })
  expect(named).toEqual(named.map(([name = '']) => [name, `docs/operations.md#${name.toLowerCase()}`]))

  const operations = readFileSync(join(folder, '..', '..', 'docs', 'operations.md'), 'utf8')
  const runbooks = operations.split(/^#### /m).slice(1)
  expect(runbooks.map((runbook) => runbook.split('\n')[0]).sort()).toEqual(named.map(([name]) => name).sort())
  const parts = /^\w+\n\*\*Means:\*\* \S.*\n\*\*Look at\*\* \S.*\n\*\*Do\*\* \S.*\n\n/
  expect(runbooks.filter((runbook) => !parts.test(runbook))).toEqual([])
})
