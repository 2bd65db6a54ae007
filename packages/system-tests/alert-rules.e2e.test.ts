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
