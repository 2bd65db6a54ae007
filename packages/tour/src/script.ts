/** Something that is typed, and what has to be seen behind it. */
export interface Step {
  type: string
  /** It runs on until this is shown, and then Ctrl-C is pressed. */
  until?: RegExp
}

/** The README's tour, as it is typed. It begins with the sample catalogue as a start makes it: three cameras. */
export const tour: Step[] = [
  { type: '# Three cameras are there.' },
  { type: 'holdfast availability CAMERA001' },
  { type: '# Two of them for a shopper, for 30 seconds. A key makes it safe to repeat.' },
  { type: 'holdfast create-hold CAMERA001=2 --ttl-seconds 30 --key my-first --as user' },
  { type: '# The same again is the same reservation.' },
  { type: 'holdfast create-hold CAMERA001=2 --ttl-seconds 30 --key my-first --as user --quiet' },
  { type: '# Two more are not to be had.' },
  { type: 'holdfast create-hold CAMERA001=2 --as user' },
  { type: '# The hold lapses by itself.' },
  { type: 'holdfast watch CAMERA001', until: /MAIN +3 +3 +0/ },
  { type: '# A declined card leaves the units with the shopper, a good one makes the order.' },
  { type: 'id=$(holdfast create-hold CAMERA001 --quiet --as user)' },
  { type: 'holdfast checkout $id --payment-token tok_declined --as user' },
  { type: 'holdfast checkout $id --as user' },
  { type: '# A hundred shoppers for three cameras, then a real day of a shop.' },
  { type: 'holdfast demo' },
]
