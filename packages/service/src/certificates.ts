/** A certificate, its key and whom to trust: checked, and taken up again when their files are renewed. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { ConfigError } from './config'
import type { Logger } from './log'
import { gauge } from './metrics'

/** PEM texts. */
export interface CertificateTexts {
  /** The certificate, and those between it and its authority, if there are any. */
  cert: string
  key: string
  /** The authorities that the other side's certificate has to come from; only where one is asked for. */
  ca?: string
}

export interface CertificateOptions {
  /** What the variables begin with, as `PEER_TLS`: errors name them, and the metric. */
  prefix: string
  texts: CertificateTexts
  /** The files that the texts came from; what came from none never changes. */
  files: Partial<Record<keyof CertificateTexts, string | undefined>>
  log: Logger
  /** How often the files are looked at, in ms. */
  everyMs?: number
}

/** Files may be links that are swapped (as Kubernetes does), which no watcher tells of on every system: they are read. In ms. */
const lookEveryMs = 5_000

const endsAt = gauge('tls_certificate_end_timestamp_seconds', 'When a certificate ends, in seconds since 1970', ['use'])

type Listener = (texts: CertificateTexts) => void

export class Certificates {
  private texts: CertificateTexts
  private readonly listeners = new Set<Listener>()
  private readonly stopping = new AbortController()
  private readonly watching: Promise<void>

  /** @throws ConfigError that names the variable, for what is no certificate, has ended, or does not fit its key */
  constructor(private readonly options: CertificateOptions) {
    this.texts = options.texts
    const problem = problemOf(this.texts)
    if (problem !== undefined) throw new ConfigError(`${options.prefix}_${problem}`)
    endsAt.set({ use: options.prefix }, endOf(this.texts) / 1000)
    this.watching = Object.values(options.files).every((file) => file === undefined) ? Promise.resolve() : this.watch()
  }

  get current(): CertificateTexts {
    return this.texts
  }

  /** Told each change. @returns ends it */
  onRenewed(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.stopping.abort()
    await this.watching
  }

  private async watch(): Promise<void> {
    const { everyMs = lookEveryMs } = this.options
    const { signal } = this.stopping
    let told = ''
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      const problem = await this.look()
      // Files that are just being written may not fit yet; what stays wrong is told once, and the old pair goes on.
      if (problem !== undefined && problem !== told) this.options.log.warn({ use: this.options.prefix, problem }, 'not renewed')
      told = problem ?? ''
    }
  }

  /** @returns why the files can't be taken up */
  private async look(): Promise<string | undefined> {
    const texts = { ...this.texts }
    try {
      for (const what of ['cert', 'key', 'ca'] as const) {
        const file = this.options.files[what]
        if (file !== undefined) texts[what] = (await readFile(file, 'utf8')).trim()
      }
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    const { cert, key, ca } = this.texts
    if (texts.cert === cert && texts.key === key && texts.ca === ca) return undefined
    const problem = problemOf(texts)
    if (problem !== undefined) return problem
    this.texts = texts
    endsAt.set({ use: this.options.prefix }, endOf(texts) / 1000)
    this.options.log.info({ use: this.options.prefix, until: new Date(endOf(texts)).toISOString() }, 'certificate renewed')
    for (const listener of this.listeners) listener(texts)
    return undefined
  }
}

/** @returns what is wrong, with the end of the variable's name */
function problemOf({ cert, key, ca }: CertificateTexts): string | undefined {
  const certificate = parsed(() => new X509Certificate(cert))
  if (certificate === undefined) return 'CERT: is not a certificate in PEM'
  const privateKey = parsed(() => createPrivateKey(key))
  if (privateKey === undefined) return 'KEY: is not a private key in PEM'
  if (!certificate.checkPrivateKey(privateKey)) return 'KEY: is not the key of the certificate'
  if (Date.parse(certificate.validTo) <= Date.now()) return `CERT: has ended on ${certificate.validTo}`
  if (ca !== undefined && parsed(() => new X509Certificate(ca)) === undefined) return 'CA: is not a certificate in PEM'
  return undefined
}

function endOf({ cert }: CertificateTexts): number {
  return Date.parse(new X509Certificate(cert).validTo)
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
