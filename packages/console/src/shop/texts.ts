/** `2 × CAMERA001, 1 × LAPTOP001 and 3 more`. */
export function itemsText(lines: readonly { sku: string; quantity: number }[]): string {
  const shown = lines.slice(0, 2).map(({ sku, quantity }) => `${quantity} × ${sku}`)
  const more = lines.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const sameYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

/** In the reader's own time zone. */
export function whenText(time: string | undefined): string {
  return time === undefined ? '' : sameYear.format(new Date(time))
}

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })

/** After a word for what is not there yet; empty where nobody knows. */
export function expectedText(until: string | undefined): string {
  return until === undefined ? '' : `, expected ${day.format(new Date(until))}`
}
