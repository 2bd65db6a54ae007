/** Certificates of a test's own, by openssl, which comes with Java's certificates on Debian. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** PEM, each. */
export interface Certificate {
  certificate: string
  /** PKCS #8. */
  key: string
}

export interface Authority extends Certificate {
  /** @param hosts `IP:127.0.0.1` or `DNS:localhost`, with commas */
  issue(name: string, hosts: string): Promise<Certificate>
}

/** An authority that nobody knows yet, for two days. @param folder where it keeps what it made */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  // Without the system's own settings: what it adds by itself differs from one to the other.
  const settings = join(folder, 'openssl.cnf')
  await writeFile(settings, '[req]\ndistinguished_name = name\n[name]\n')
  const make = async (of: string, ...more: string[]): Promise<Certificate> => {
    const [certificate, key] = [join(folder, `${of}.crt`), join(folder, `${of}.key`)]
    const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate]
    const args = ['req', '-x509', '-config', settings, '-days', '2', '-subj', `/CN=${of}`, ...pair, ...more]
    await promisify(execFile)('openssl', args)
    return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
  }
  const own = await make(name, '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign')
  const sign = ['-CA', join(folder, `${name}.crt`), '-CAkey', join(folder, `${name}.key`)]
  return {
    ...own,
    issue: async (of, hosts) => make(of, ...sign, '-addext', 'basicConstraints=CA:FALSE', '-addext', `subjectAltName=${hosts}`),
  }
}
