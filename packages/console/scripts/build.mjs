// Makes dist/site from src/ with Vite, with brotli and gzip beside each file. Made again only when its sources have changed.
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const here = join(dirname(fileURLToPath(import.meta.url)), '..')
const root = join(here, '..', '..')
const site = join(here, 'dist', 'site')
const stamp = join(here, 'dist', 'sources.sha256')

/** The lockfile stands for the libraries. */
const sources = [
  'packages/console/{index.html,package.json,vite.config.ts}',
  'packages/console/{src,scripts}/**/*.*',
  'packages/client/src/**/*.ts',
  'pnpm-lock.yaml',
]
const hash = createHash('sha256')
for (const file of sources.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
  hash.update(file).update(readFileSync(join(root, file)))
}
const digest = hash.digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  // Only now: it takes half a second to load.
  const { build } = await import('vite')
  await build({ root: here, logLevel: 'warn' })
  for (const file of globSync('assets/*.{js,css,svg}', { cwd: site })) {
    const path = join(site, file)
    const bytes = readFileSync(path)
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }))
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  }
  writeFileSync(stamp, digest)
}
