/** Where the PostgreSQL server of this jest run is: set by the global setup, inherited by the workers. */
const variable = 'HOLDFAST_TEST_SERVER_URL'

export function setTestServerUrl(url: string): void {
  process.env[variable] = url
}

/** The URL of the server's `postgres` database. */
export function testServerUrl(): string {
  const url = process.env[variable]
  if (url === undefined) throw new Error('no test database server: run the tests with the jest.config.js of the workspace')
  return url
}

export function databaseUrl(name: string): string {
  const url = new URL(testServerUrl())
  url.pathname = `/${name}`
  return url.href
}
