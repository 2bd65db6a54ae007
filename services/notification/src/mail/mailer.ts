import { createTransport } from 'nodemailer'

export interface Mail {
  /** The same at each try of one notice, so that whoever gets it twice can tell. */
  id: string
  to: string
  subject: string
  text: string
}

/** What carries notices to people. */
export interface Mailer {
  /** Resolves when the mail was taken over. @throws MailRefused, or anything else to be tried again */
  send(mail: Mail): Promise<void>
  close(): void
}

/** It will never be taken: trying again does not help. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused'
}

const connectMs = 10_000
const answerMs = 20_000

/** @param url `smtp://user:password@host:port`, or smtps; its query takes nodemailer's options */
export function createSmtpMailer(url: string, from: string): Mailer {
  const transport = createTransport(
    {
      url,
      connectionTimeout: connectMs,
      greetingTimeout: connectMs,
      socketTimeout: answerMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  )
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'holdfast.invalid'
  return {
    send: async ({ id, to, subject, text }) => {
      try {
        await transport.sendMail({
          messageId: `<${id}@${domain}>`,
          to,
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
      } catch (error) {
        if (isFinal(error)) throw new MailRefused(error instanceof Error ? error.message : 'refused', { cause: error })
        throw error
      }
    },
    close: () => transport.close(),
  }
}

/** The server refused the mail for good (5xx). A login that is wrong is ours to mend, and is tried again. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error) || !('responseCode' in error)) return false
  const inLogin = 'code' in error && error.code === 'EAUTH'
  return typeof error.responseCode === 'number' && error.responseCode >= 500 && !inLogin
}
