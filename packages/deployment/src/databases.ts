import { Client, escapeIdentifier, escapeLiteral } from 'pg'

/** Any number that no other program uses on this server: whoever holds it makes roles and databases. */
const setupLock = 7_305_812

/**
 * Makes a role and a database of its own for each URL, or brings the role's password up to date. Nobody else may connect
 * to that database. May be run before every start, and by several at once.
 * @param superuserUrl of a role that may make roles and databases
 * @param urls `postgres://role:password@host/database`; the host is not looked at
 */
export async function makeDatabases(superuserUrl: string, urls: string[]): Promise<void> {
  const client = new Client({ connectionString: superuserUrl, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [setupLock])
    for (const url of urls) await makeDatabase(client, url)
  } finally {
    await client.end()
  }
}

async function makeDatabase(client: Client, text: string): Promise<void> {
  const url = new URL(text)
  const name = decodeURIComponent(url.username)
  const databaseName = decodeURIComponent(url.pathname.slice(1))
  if (name === '' || databaseName === '') throw new Error('a database URL names no role, or no database')
  const [role, database] = [escapeIdentifier(name), escapeIdentifier(databaseName)]
  const password = escapeLiteral(decodeURIComponent(url.password))

  const roles = await client.query('select from pg_roles where rolname = $1', [name])
  await client.query(`${roles.rowCount === 0 ? 'create' : 'alter'} role ${role} with login password ${password}`)
  const databases = await client.query('select from pg_database where datname = $1', [databaseName])
  if (databases.rowCount === 0) {
    // Who is no superuser may only give a database to a role whose member it is.
    await client.query(`grant ${role} to current_user`)
    await client.query(`create database ${database} owner ${role}`)
  }
  await client.query(`revoke all on database ${database} from public`)
}
