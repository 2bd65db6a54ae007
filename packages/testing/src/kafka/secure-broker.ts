/** A broker that lets in only who proves who they are: by password, over TLS, by certificate. It needs Java. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from '@holdfast/launcher'

import { type Certificate, createAuthority } from './certificates'
import { kafkaClassPath } from './jars'
import { JavaBroker } from './java-broker'

export interface SecureBroker {
  /** `host:port` of a listener each. */
  brokers: {
    /** Names and passwords, in the clear: PLAIN and SCRAM. */
    sasl: string
    /** TLS; everybody may come in. */
    tls: string
    /** TLS; only whom the authority has given a certificate. */
    mutualTls: string
    /** Names and passwords over TLS. */
    saslTls: string
  }
  /** PEM of who signed the broker's certificate. */
  authority: string
  /** One that the authority gave to a client. */
  client: Certificate
  /** PEM of another authority, which signed nothing here. */
  stranger: string
  /** From now on this password is the user's (SCRAM-SHA-512 alone). */
  setPassword(user: string, password: string): Promise<void>
  stop(): Promise<void>
}

/** @param users passwords by name, without `"`, `,` and `]` */
export async function startSecureBroker(users: Record<string, string>): Promise<SecureBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-kafka-'))
  const remove = async () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  try {
    const authority = await createAuthority(folder, 'authority')
    const stranger = await createAuthority(folder, 'stranger')
    const own = await authority.issue('broker', 'IP:127.0.0.1')
    const client = await authority.issue('client', 'DNS:client')
    await writeFile(join(folder, 'broker.pem'), own.key + own.certificate)

    const [plain, sasl, tls, mutualTls, saslTls, controller] = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => freePort()))
    const at = (port: number | undefined) => `127.0.0.1:${port}`
    const open = `PLAINTEXT://${at(plain)},SASL://${at(sasl)},TLS://${at(tls)},MUTUAL://${at(mutualTls)},BOTH://${at(saslTls)}`
    const properties = {
      listeners: `${open},CONTROLLER://${at(controller)}`,
      'advertised.listeners': open,
      'controller.quorum.voters': `1@${at(controller)}`,
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.security.protocol.map':
        'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,MUTUAL:SSL,BOTH:SASL_SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': join(folder, 'broker.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': join(folder, 'authority.crt'),
      'listener.name.mutual.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      ...saslOf('sasl', users),
      ...saslOf('both', users),
    }
    const scramUsers = Object.entries(users).flatMap(([name, password]) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `${mechanism}=[name=${name},password=${password}]`),
    )
    const broker = await JavaBroker.start({ folder: join(folder, 'broker'), port: plain, properties, scramUsers })
    return {
      brokers: { sasl: at(sasl), tls: at(tls), mutualTls: at(mutualTls), saslTls: at(saslTls) },
      authority: authority.certificate,
      client,
      stranger: stranger.certificate,
      setPassword: async (user, password) => alterPassword(broker.brokers, user, password),
      stop: async () => {
        await broker.kill()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The mechanisms of a listener, and who may come in by PLAIN; SCRAM's users are in the broker's own metadata. */
function saslOf(listener: string, users: Record<string, string>): Record<string, string> {
  const module = (name: string, options: string) => `org.apache.kafka.common.security.${name} required${options};`
  const known = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`)
  return {
    [`listener.name.${listener}.plain.sasl.jaas.config`]: module('plain.PlainLoginModule', known.join('')),
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: module('scram.ScramLoginModule', ''),
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: module('scram.ScramLoginModule', ''),
  }
}

async function alterPassword(brokers: string, user: string, password: string): Promise<void> {
  const tool = ['-Xmx128m', '-cp', await kafkaClassPath(), 'kafka.admin.ConfigCommand', '--bootstrap-server', brokers]
  const change = [
    '--alter',
    '--entity-type',
    'users',
    '--entity-name',
    user,
    '--add-config',
    `SCRAM-SHA-512=[password=${password}]`,
  ]
  await promisify(execFile)('java', [...tool, ...change])
}
