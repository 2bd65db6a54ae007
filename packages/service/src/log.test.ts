import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

test('a line is one JSON object, and what is secret is not in it', () => {
  const dist = join(__dirname, '..', 'dist', 'src', 'log.js')
  const code = `const { createLog } = require(${JSON.stringify(dist)})
    createLog('tester', 'info').info({ requestId: 'r-1', password: 'hush', token: 'hush', authorization: 'Bearer hush' }, 'hello')`
  const [line] = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).trim().split('\n')
  expect(JSON.parse(line ?? '')).toMatchObject({
    level: 'info',
    service: 'tester',
    requestId: 'r-1',
    password: '[secret]',
    msg: 'hello',
  })
  expect(line).not.toContain('hush')
})
