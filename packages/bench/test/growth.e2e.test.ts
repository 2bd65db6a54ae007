/** A short run of the comparison with a filled system: that it works and that what is filled balances, never how fast it is. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const main = join(__dirname, '..', 'dist', 'src', 'main.js')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-growth-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

async function growth(active: number): Promise<string> {
  const size = ['--active', String(active), '--closed', '500', '--rounds', '1', '--seconds', '0.2', '--folder', folder]
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'growth', ...size])
  return stdout
}

test('everything is measured beside an empty system, the filled books balance, and what was filled is not filled twice', async () => {
  const output = await growth(50)
  for (const what of ['reserve, lone', 'reserve, 50 in flight', 'availability, lone', 'expired after its time']) {
    for (const percentile of ['p50', 'p95']) expect(output).toMatch(new RegExp(`\\| ${what}, ${percentile} \\| \\d`))
  }
  expect(output).toContain('0 differences in the books')
  expect(output).not.toContain('PROBLEM')
  await expect(growth(60)).rejects.toThrow('was asked for')
}, 300_000)
