import { relative } from 'node:path'

import type { System } from './system'

export interface WelcomeOptions {
  dataFolder: string
  /** Whether the admin's password came from the environment: then it is not printed. */
  adminPasswordGiven: boolean
  /** How long the start took. */
  seconds: number
  /** Whether RATE_LIMIT_PER_IP is set. */
  addressLimitGiven: boolean
  /** `host:port,...` where events are on Kafka. */
  brokers?: string
  /** The issuer by which all users come in, where nobody logs in here. */
  loginAt?: string
}

/** What a start prints when all is ready: where everything is, who may come in, and three commands to begin with. */
export function welcome(system: System, options: WelcomeOptions): string {
  const { url, grpc, credentials } = system
  const { admin, user } = credentials
  const inside = relative(process.cwd(), options.dataFolder)
  const folder = inside.startsWith('..') ? options.dataFolder : inside
  return [
    '',
    `Holdfast is ready after ${options.seconds.toFixed(1)} s: ${url}`,
    '',
    ...system.names.map((name) => `  gRPC  ${name.padEnd(12)}  ${grpc[name]}`),
    ...(options.brokers === undefined ? [] : [`  events on Kafka      ${options.brokers}`]),
    '',
    ...(options.loginAt === undefined
      ? [
          '  In a browser that address is the console: sign in there as one of these.',
          ...(system.demoAddress === undefined
            ? []
            : [`  A flash sale to thousands of shoppers, live (as the admin):  ${url}/demo`]),
          `  admin  ${admin.email}  ${options.adminPasswordGiven ? '(password as set in HOLDFAST_ADMIN_PASSWORD)' : admin.password}`,
          `  user   ${user.email}  ${user.password}`,
          `  Both are kept in ${folder}/credentials.json, logs in ${folder}/logs/.`,
        ]
      : [
          `  Users come with tokens of ${options.loginAt}, and nobody logs in here: there is no sample catalogue.`,
          `  Logs are in ${folder}/logs/.`,
        ]),
    options.addressLimitGiven
      ? '  Requests are limited by user and by IP address (RATE_LIMIT_...).'
      : '  Requests are limited by user, and not by IP address: here all come from one (RATE_LIMIT_PER_IP sets a limit).',
    '',
    ...(options.loginAt === undefined
      ? ['To begin with, paste these one after the other: log in and list, reserve, check out.', '', ...commands(url, user), '']
      : []),
    'Ctrl-C stops everything.',
  ].join('\n')
}

function commands(url: string, user: { email: string; password: string }): string[] {
  const json = `-H 'content-type: application/json'`
  const headers = `-H "authorization: Bearer $TOKEN" -H "idempotency-key: $(date +%s)" ${json}`
  const login = `TOKEN=$(curl -s ${url}/v1/auth/login ${json} -d '${JSON.stringify(user)}' | ${fieldOf('accessToken')})`
  const reserve = `curl -s ${url}/v1/reservations ${headers} -d '{"lines":[{"sku":"HEADSET001","quantity":1}],"ttlSeconds":300}'`
  const checkOut = `curl -s ${url}/v1/checkout ${headers} -d "{\\"reservationId\\":\\"$RESERVATION\\"}"`
  return [
    `${login}; curl -s ${url}/v1/products; echo`,
    '',
    `RESERVED=$(${reserve}); echo "$RESERVED"; RESERVATION=$(echo "$RESERVED" | ${fieldOf('id')})`,
    '',
    `${checkOut}; echo`,
  ]
}

/** The first field of that name in a JSON text, with what every Unix has. */
function fieldOf(name: string): string {
  return `grep -oE '"${name}": ?"[^"]+"' | head -n 1 | cut -d '"' -f 4`
}
