/**
 * Passwords that are tried first: NIST SP 800-63B-4, 3.1.1.2, wants them refused, those that are common, that say the same again and
 * again or go up one by one, and those made of what is known of the user. It asks for no mixture of kinds of characters, nor is there one.
 */
import { readFile } from 'node:fs/promises'

/** What an address has fewer letters of may stand in any password by chance. */
const shortestWord = 4
/** A piece so short, said again and again, is no password, whatever it is. */
const shortestPiece = 5

/** What everybody would try here. */
const service = 'holdfast'

/**
 * Why somebody else would guess it soon, as what is wrong with a field; undefined: nothing that is known.
 * @param email in its normal form
 */
export async function easyToGuess(password: string, email: string): Promise<string | undefined> {
  const text = folded(password).trim()
  const { ofUser, ofHost } = wordsOf(folded(email))
  if (ofUser.some((word) => text.includes(word))) return 'must not contain a part of the e-mail address'
  const tooEasy = 'is one of those that are tried first: take one that nobody would think of'
  const piece = repeatedPiece(text)
  if (piece.length < shortestPiece || isRun(text)) return tooEasy
  const guesses = [text, bare(text), piece, bare(piece)]
  const common = await commonPasswords()
  const known = (guess: string): boolean => common.has(guess) || ofHost.includes(guess) || guess === service
  return guesses.some(known) ? tooEasy : undefined
}

let list: Promise<ReadonlySet<string>> | undefined

/** Some 50,000, in lower case. They take three megabytes, from the first use on: a gateway that makes no users does without. */
async function commonPasswords(): Promise<ReadonlySet<string>> {
  list ??= readFile(require.resolve('@zxcvbn-ts/language-common/src/passwords.json'), 'utf8').then(
    (text) => new Set(JSON.parse(text) as string[]),
    (error: unknown) => {
      list = undefined
      throw error
    },
  )
  return list
}

/** However it is typed: who guesses tries capitals and full-width letters too. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** Without digits and signs at both ends, by which a word is made to look like a password; or as it is, if they are most of it. */
function bare(text: string): string {
  const word = text.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  return word.length * 2 >= text.length ? word : text
}

/** What a text is a repetition of; the text itself if of nothing. */
function repeatedPiece(text: string): string {
  return text.slice(0, (text + text).indexOf(text, 1))
}

/** `abcdefghij`, `9876543210` */
function isRun(text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0)
  const steps = new Set(codes.slice(1).map((code, index) => code - (codes[index] ?? 0)))
  return steps.size === 1 && (steps.has(1) || steps.has(-1))
}

/**
 * The user's own words may stand nowhere in a password; those of the host, which many share, may not be all of it. A word is letters: an
 * address may be full of digits, and so may a password be that knows nothing of it.
 */
function wordsOf(email: string): { ofUser: string[]; ofHost: string[] } {
  const at = email.lastIndexOf('@')
  const user = email.slice(0, at)
  const long = (word: string): boolean => Array.from(word).length >= shortestWord
  return {
    ofUser: [user, ...user.split(/[^\p{L}]+/u)].filter(long),
    ofHost: email
      .slice(at + 1)
      .split('.')
      .slice(0, -1)
      .filter(long),
  }
}
