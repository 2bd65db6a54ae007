/** The catalogue or the stock of a running system as CSV, as it is read. */
import { open, rename, rm } from 'node:fs/promises'

import type { Client } from '@holdfast/client'

import { CliProblem } from './problem'

export interface ExportOptions {
  /** Stock with what is there now as `expected_on_hand`. */
  expecting?: boolean
}

/** @param write gets some rows at a time, and is waited for */
export async function exportCsv(
  client: Client,
  what: 'products' | 'stock',
  { expecting = false }: ExportOptions,
  write: (text: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const pieces = what === 'products' ? client.exportProducts({}) : client.exportStock({ expecting })
  for await (const piece of pieces) await write(piece)
}

/** Into a file that is there when it is whole, and else as it was. */
export async function writeWhole(
  path: string,
  work: (write: (text: Uint8Array) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.part`
  const file = await open(unfinished, 'w').catch((error: Error) => {
    throw new CliProblem(`${path} can't be written: ${error.message}`, 'usage')
  })
  try {
    await work(async (text) => file.write(text))
    await file.sync()
  } catch (error) {
    await file.close()
    await rm(unfinished, { force: true })
    throw error
  }
  await file.close()
  await rename(unfinished, path)
}
