import type { NoticeRow } from '../sql/notices'

/** What a notice says. */
export function textOf({ kind, subject, content }: NoticeRow): { subject: string; text: string } {
  const lines = content.lines.map(({ sku, quantity }) => `  ${quantity} x ${sku}`)
  switch (kind) {
    case 'ORDER_CONFIRMED':
      return {
        subject: 'Your order is confirmed',
        text: [`Your order ${subject} is confirmed:`, '', ...lines, '', ...totalOf(content.total)].join('\n'),
      }
    case 'RESERVATION_LAPSING':
      return {
        subject: 'Your reservation is about to lapse',
        text: [
          `Your reservation ${subject} lapses at ${content.expiresAt ?? 'its end'}:`,
          '',
          ...lines,
          '',
          'Check out before then, or its items go to others.',
        ].join('\n'),
      }
    case 'WAITLIST_OFFERED':
      return {
        subject: 'It is your turn',
        text: [
          `What you waited for (entry ${subject}) is reserved for you, until ${content.expiresAt ?? 'its end'}:`,
          '',
          ...lines,
          '',
          'Check out before then, or it goes to the next in line.',
        ].join('\n'),
      }
  }
}

function totalOf(total: NoticeRow['content']['total']): string[] {
  if (total === undefined) return []
  const { currency } = total
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return [`Total: ${format.format(Number(total.amountMinor) / 10 ** digits).replace('\u00a0', ' ')}`]
}
