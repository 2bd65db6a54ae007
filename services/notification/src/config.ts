import { eventsShape } from '@holdfast/events'
import { ConfigError, grpcTarget, readConfig, serviceShape, text, userTokenShape, wholeNumberOr } from '@holdfast/service'

const shape = {
  ...serviceShape,
  ...eventsShape,
  ...userTokenShape,
  /** A SKU is low at so many units or fewer; 0: never. */
  STOCK_LOW_AT: wholeNumberOr(5, 0, 1_000_000),
  /** What is low stays low up to so many units. */
  STOCK_LOW_CLEAR_AT: wholeNumberOr(10, 0, 1_000_000),
  /** How long each further try waits, in s; after the last one fails its endpoint is paused. */
  WEBHOOK_RETRY_SECONDS: text('5,30,120,600,1800,3600,7200,14400,28800,43200')
    .transform((value) => value.split(',').map(Number))
    .refine((all) => all.every((s) => s > 0 && s <= 604_800), 'must be seconds with commas, each up to 604800'),
  /** How long a receiver may take to answer, in ms. */
  WEBHOOK_TIMEOUT_MS: wholeNumberOr(10_000, 100, 10_000),
  /** `on`: addresses of private networks, and plain http, are sent to. */
  WEBHOOK_PRIVATE_TARGETS: text('off')
    .refine((value) => value === 'on' || value === 'off', 'must be on or off')
    .transform((value) => value === 'on'),
  /** How long the delivery log is kept, in days. */
  WEBHOOK_LOG_DAYS: wholeNumberOr(30, 2, 3_650),
  /** `smtp://user:password@host:port` or `smtps://`; unset: nobody is written to. */
  SMTP_URL: text()
    .refine((value) => /^smtps?:\/\//.test(value), 'must be an smtp:// or smtps:// URL')
    .optional(),
  /** As `Shop <shop@example.com>`; needed with SMTP_URL. */
  MAIL_FROM: text().optional(),
  /** Where people's addresses are asked for; needed with SMTP_URL. */
  GATEWAY_ADDR: grpcTarget().optional(),
  /** A reservation is about to lapse so long before its end, in s. One that lives less than twice as long is not told of. */
  RESERVATION_REMINDER_SECONDS: wholeNumberOr(120, 1, 86_400),
  /** An order that was confirmed longer ago is not told of any more, in s. */
  NOTICE_MAX_AGE_SECONDS: wholeNumberOr(86_400, 60, 604_800),
}

export type NotificationConfig = ReturnType<typeof readNotificationConfig>

/** Everything this service reads from the environment, once. @throws ConfigError */
export function readNotificationConfig(env?: NodeJS.ProcessEnv) {
  const config = readConfig(shape, env)
  if (config.STOCK_LOW_CLEAR_AT < config.STOCK_LOW_AT) {
    throw new ConfigError('STOCK_LOW_CLEAR_AT: must be at least STOCK_LOW_AT')
  }
  return { ...config, mail: mailSettings(config) }
}

export interface MailSettings {
  smtpUrl: string
  from: string
  gatewayAddress: string
}

function mailSettings({
  SMTP_URL: smtpUrl,
  MAIL_FROM: from,
  GATEWAY_ADDR: gatewayAddress,
}: {
  SMTP_URL?: string
  MAIL_FROM?: string
  GATEWAY_ADDR?: string
}): MailSettings | undefined {
  if (smtpUrl === undefined) return undefined
  if (from === undefined || gatewayAddress === undefined) {
    throw new ConfigError('MAIL_FROM and GATEWAY_ADDR: are needed with SMTP_URL')
  }
  return { smtpUrl, from, gatewayAddress }
}
