/** The console's files, as packages/console builds them; nothing else on this machine has an address. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One file in each form that it was made in. */
export interface SiteFile {
  body: Buffer
  encoded: { br?: Buffer; gzip?: Buffer }
}

export interface Site {
  /** The page that runs the program. */
  index: string
  /** Names below /assets/; each has a hash of its content in it. */
  assets: readonly string[]
  /** @param name one of `assets` */
  read: (name: string) => SiteFile
}

/** @returns undefined where the console was not built */
export function findSite(): Site | undefined {
  const folder = join(dirname(require.resolve('@holdfast/console/package.json')), 'dist', 'site')
  const index = join(folder, 'index.html')
  if (!existsSync(index)) return undefined
  const assets = join(folder, 'assets')
  const optional = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined)
  return {
    index: readFileSync(index, 'utf8'),
    assets: readdirSync(assets).filter((name) => !/\.(br|gz)$/.test(name)),
    read: (name) => {
      const path = join(assets, name)
      return { body: readFileSync(path), encoded: { br: optional(`${path}.br`), gzip: optional(`${path}.gz`) } }
    },
  }
}
