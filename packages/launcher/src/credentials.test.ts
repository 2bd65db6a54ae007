import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { loadCredentials } from './credentials'

test("the admin's password may stand in a file, and a file that is not there is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-credentials-'))
  const file = join(folder, 'password')
  writeFileSync(file, 'from the file\n')
  const { admin } = await loadCredentials(folder, { HOLDFAST_ADMIN_PASSWORD_FILE: file })
  expect(admin).toEqual({ email: 'admin@holdfast.example', password: 'from the file' })
  await expect(loadCredentials(folder, { HOLDFAST_ADMIN_PASSWORD_FILE: `${file}.none` })).rejects.toThrow(
    'HOLDFAST_ADMIN_PASSWORD_FILE',
  )
})
