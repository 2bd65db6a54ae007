/** Something that the user can mend; told in one line, without a stack. */
export class CliProblem extends Error {
  override readonly name = 'CliProblem'
}
