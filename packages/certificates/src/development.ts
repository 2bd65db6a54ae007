import { X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { allServiceNames, writePrivate } from '@holdfast/launcher'

import { issueCertificate, type KeyPair, makeAuthority } from './authority'

const day = 24 * 3600 * 1000

/** Clocks of different machines differ: a certificate is good from a little before it was made, in ms. */
const skew = 5 * 60 * 1000

export interface CertificateOptions {
  folder: string
  /** How long the services' certificates are good, in days. */
  days: number
  /** Further names and addresses that every certificate has. */
  hosts: readonly string[]
  /** Names beside the services', for clients of the shop's own. */
  clients: readonly string[]
}

/** What is made by {@link makeCertificates}: paths of PEM files. */
export interface CertificatePaths {
  ca: string
  of: (name: string) => { cert: string; key: string }
}

/** Of a folder, whether it is there or not. */
export function certificatePaths(folder: string): CertificatePaths {
  return {
    ca: join(folder, 'ca.pem'),
    of: (name) => ({ cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key.pem`) }),
  }
}

/**
 * Makes a certificate for each service, as used on one machine. The authority is made the first time and kept for a year, so
 * that a second run renews what runs. All files are readable by their owner only.
 * @returns the names that certificates were made for
 */
export async function makeCertificates({ folder, days, hosts, clients }: CertificateOptions): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const paths = certificatePaths(folder)
  const from = Date.now() - skew
  const authority = await loadAuthority(folder)
  const authorityEnds = Date.parse(new X509Certificate(authority.cert).validTo)
  const names = [...allServiceNames, ...clients]
  for (const name of names) {
    const to = Math.min(Date.now() + days * day, authorityEnds)
    const pair = await issueCertificate(authority, [name, 'localhost', '127.0.0.1', '::1', ...hosts], { from, to })
    const { cert, key } = paths.of(name)
    // A service that reads between the two keeps its old pair: they do not fit.
    await writePrivate(key, pair.key)
    await writePrivate(cert, pair.cert)
  }
  return names
}

async function loadAuthority(folder: string): Promise<KeyPair> {
  const certFile = certificatePaths(folder).ca
  const keyFile = join(folder, 'ca.key.pem')
  const [cert, key] = await Promise.all([certFile, keyFile].map(readIfThere))
  if (cert !== undefined && key !== undefined && Date.parse(new X509Certificate(cert).validTo) > Date.now() + day) {
    return { cert, key }
  }
  const made = await makeAuthority('Holdfast development', { from: Date.now() - skew, to: Date.now() + 365 * day })
  await writePrivate(keyFile, made.key)
  await writePrivate(certFile, made.cert)
  return made
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
