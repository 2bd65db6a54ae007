import { execFile } from 'node:child_process'
import { mkdir, statfs } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** More than PostgreSQL ever has of such a run; memory is taken only as it is written to. */
const roomy = '4g'
/** A step, and the most that is left free at last of a disk that is written to all the time; bytes. */
const [spareBytes, mostSpareBytes] = [64 * 1024, 4 * 1024 * 1024]

/**
 * The disk that PostgreSQL writes to: a tmpfs, whose size can be changed while it is in use. Full is full as on any disk: PostgreSQL
 * hears ENOSPC of its data files and of its log. A crash of the server loses nothing of it, as the files are the kernel's.
 */
export interface SmallDisk {
  /** Nothing more fits, but for a few pages. */
  fill(): Promise<void>
  empty(): Promise<void>
  unmount(): Promise<void>
}

/** @returns undefined where this process may not mount */
export async function mountSmallDisk(folder: string): Promise<SmallDisk | undefined> {
  await mkdir(folder, { recursive: true })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${roomy},mode=755`, 'tmpfs', folder])
  } catch {
    return undefined
  }
  const resize = async (size: string): Promise<void> => {
    await run('mount', ['-o', `remount,size=${size}`, folder])
  }
  return {
    fill: async () => {
      // It is never made smaller than what is on it, which may have grown since it was asked.
      for (let spare = 0; ; spare += spareBytes) {
        const { blocks, bfree, bsize } = await statfs(folder)
        const isDone = await resize(`${(blocks - bfree) * bsize + spare}`).then(
          () => true,
          () => false,
        )
        if (isDone) return
        if (spare > mostSpareBytes) throw new Error(`${folder} can't be made small`)
      }
    },
    empty: async () => resize(roomy),
    unmount: async () => {
      await run('umount', [folder])
    },
  }
}
