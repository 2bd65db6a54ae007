import type { Problem } from '@holdfast/client'

import type { ExitReason } from './exit-codes'

/** Something that the user can mend; told in one line, without a stack. */
export class CliProblem extends Error {
  override readonly name = 'CliProblem'
  /** What of it is wrong, each told on a line of its own. */
  readonly errors: readonly FieldProblem[]

  constructor(
    message: string,
    readonly reason: ExitReason = 'refused',
    options: ErrorOptions & { errors?: readonly FieldProblem[] } = {},
  ) {
    super(message, options)
    this.errors = options.errors ?? []
  }
}

type FieldProblem = Problem['errors'][number]

/** A call that changes something was sent, and nobody knows whether it was done; the same key makes it safe to ask again. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'

  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    super('nobody knows whether it was done', { cause })
  }
}

/** The system does not know who asks, or does not any more. */
export class SignInNeeded extends Error {
  override readonly name = 'SignInNeeded'

  constructor(cause: unknown) {
    super('signing in is needed', { cause })
  }
}
