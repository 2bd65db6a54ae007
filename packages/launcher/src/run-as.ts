import { constants } from 'node:fs'
import { access, readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'

/** Whom PostgreSQL's programs run as: it refuses to run as root. */
export interface RunAs {
  /** undefined: as ourselves */
  uid?: number
  gid?: number
  /** Put before the command: gives up root by a program that leaves the right to reach our folders. */
  prefix: string[]
}

/**
 * Root hands the server to the owner of its data, else to the user `postgres`, else to `nobody`: no user is made for it.
 * Where that user can't reach the folders (a clone under /root, a strict umask), `setpriv` leaves it CAP_DAC_OVERRIDE.
 * @param dataFolder PostgreSQL's data; may not be there yet
 * @param mustReach files and folders that the user has to get at
 */
export async function runAs(dataFolder: string, mustReach: string[]): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { prefix: [] }
  const user = (await ownerOf(dataFolder)) ?? (await findUser(['postgres', 'nobody']))
  const reaches = await Promise.all(mustReach.map(async (path) => canReach(user, path)))
  if (reaches.every(Boolean)) return { ...user, prefix: [] }
  const setpriv = await findProgram('setpriv')
  if (setpriv === undefined) {
    throw new Error(
      `PostgreSQL can't run as root, and the user it runs as instead (id ${user.uid}) can't reach ${mustReach.join(' and ')}: ` +
        'clone into a folder that others may enter, such as /opt, or run as another user',
    )
  }
  const capability = '+dac_override'
  const drop = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  return { ...user, prefix: [setpriv, ...drop, `--inh-caps=${capability}`, `--ambient-caps=${capability}`, '--'] }
}

interface User {
  uid: number
  gid: number
}

async function ownerOf(folder: string): Promise<User | undefined> {
  const found = await stat(folder).catch(() => undefined)
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid }
}

async function findUser(names: string[]): Promise<User> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const name of names) {
    const [, , uid, gid] = lines.find((fields) => fields[0] === name) ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`PostgreSQL can't run as root, and there is no user ${names.join(' or ')} to run it as`)
}

/** Whether the modes of the path, and of every folder on the way to it, let the user through. */
async function canReach(user: User, path: string): Promise<boolean> {
  const target = await realpath(path)
  for (let at = target; ; at = dirname(at)) {
    const { mode, uid, gid } = await stat(at)
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
    const needed = at === target ? constants.R_OK | constants.X_OK : constants.X_OK
    if (((mode >> shift) & needed) !== needed) return false
    if (at === dirname(at)) return true
  }
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/bin']) {
    const file = join(folder, name)
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (folder !== '' && found) return file
  }
  return undefined
}
