/** Something that is typed, and what has to be seen behind it. */
export interface Step {
  type: string
  /** It runs on until this is shown, and then Ctrl-C is pressed. */
  until?: RegExp
  /** What the comment before it promises: a machine may be too slow for the half minute that the hold lasts. */
  says?: RegExp
}

/** The README's tour, as it is typed. It begins with the sample catalogue as a start makes it: three cameras. */
export const tour: Step[] = [
  { type: '# Three cameras are there.' },
  { type: 'holdfast availability CAMERA001', says: /MAIN +3 +3 +0/ },
  { type: '# Two of them for a shopper, for 30 seconds. A key makes it safe to repeat.' },
  { type: 'holdfast create-hold CAMERA001=2 --ttl-seconds 30 --key my-first --as user', says: /ACTIVE/ },
  { type: '# The same again is the same reservation.' },
  { type: 'holdfast create-hold CAMERA001=2 --ttl-seconds 30 --key my-first --as user --quiet' },
  { type: '# Two more are not to be had.' },
  { type: 'holdfast create-hold CAMERA001=2 --as user', says: /INSUFFICIENT_STOCK/ },
  { type: '# The hold lapses by itself.' },
  { type: 'holdfast watch CAMERA001', until: /MAIN +3 +3 +0/, says: /MAIN +1 +3 +2/ },
  { type: '# A declined card leaves the units with the shopper, a good one makes the order.' },
  { type: 'id=$(holdfast create-hold CAMERA001 --quiet --as user)' },
  { type: 'holdfast checkout $id --payment-token tok_declined --as user', says: /PAYMENT_DECLINED/ },
  { type: 'holdfast checkout $id --as user', says: /CONFIRMED/ },
  { type: '# A hundred shoppers for three cameras, then a real day of a shop.' },
  { type: 'holdfast demo', says: /All \d+ numbers are right/ },
]
