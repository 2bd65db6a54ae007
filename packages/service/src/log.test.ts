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

test('an error is logged with its cause and its code, but without the row that a database refused or the connection that broke', () => {
  const dist = join(__dirname, '..', 'dist', 'src', 'log.js')
  const code = `const { createLog } = require(${JSON.stringify(dist)})
    const failed = (detail) => Object.assign(new Error('it failed', { cause: new Error('why') }), { code: '23514', detail })
    const log = createLog('tester', 'info')
    log.error({ err: failed('Failing row contains (1, hush).') }, 'one')
    log.error({ err: Object.assign(failed('Key (sku)=(A) already exists.'), { client: { user: 'somebody' } }) }, 'two')`
  const lines = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).trim().split('\n')
  const [one, two] = lines.map((line) => JSON.parse(line) as { err: { stack: string } })
  expect(one?.err).toMatchObject({ code: '23514', message: expect.stringContaining('it failed') })
  expect(one?.err.stack).toContain('why')
  expect(two?.err).toMatchObject({ detail: 'Key (sku)=(A) already exists.' })
  expect(lines[0]).not.toContain('hush')
  expect(lines[1]).not.toContain('somebody')
})
