import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder that holds the whole workspace, found from this file upwards: the same from source and from dist. */
export function workspaceRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder
    if (folder === dirname(folder)) throw new Error(`${__dirname} is not inside the Holdfast workspace`)
  }
}
