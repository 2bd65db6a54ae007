/**
 * Bounds that the comment of a field begins with, in the words that the protos use: "1 to 200 characters.", "Up to 5,000
 * characters.", "1 to 500." of a list or a number, "1 to 200; 50 when 0.", "UUID.". What is said in other words is for people only.
 */
import type { DescField } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import { commentOf } from '@holdfast/contracts/comments'

export interface Constraints {
  keywords: Record<string, unknown>
  /** Its default is refused, so it can't be left out. */
  required: boolean
}

const none: Constraints = { keywords: {}, required: false }

export function constraintsOf(field: DescField): Constraints {
  const comment = commentOf(field)
  const isText = field.scalar === ScalarType.STRING && field.fieldKind === 'scalar'
  if (isText && /^UUID\b/.test(comment)) return { keywords: { format: 'uuid' }, required: false }
  const [, least, most, characters, zero] =
    /^(?:(\d[\d,]*)|Up) to (\d[\d,]*)( characters)?(?=[.;,])(?:;[^.]* when 0(?=\.))?/.exec(comment) ?? []
  if (most === undefined) return none
  const [min, max] = [number(least ?? '0'), number(most)]
  const optionalZero = /; .* when 0\./.test(comment) || zero !== undefined
  const required = min > 0 && !optionalZero && field.presence === FeatureSet_FieldPresence.IMPLICIT
  if (field.fieldKind === 'list') return { keywords: { minItems: required ? min : 0, maxItems: max }, required }
  if (characters !== undefined) return isText ? { keywords: { minLength: min, maxLength: max }, required } : none
  const isNumber = field.fieldKind === 'scalar' && (field.scalar === ScalarType.INT32 || field.scalar === ScalarType.UINT32)
  return isNumber ? { keywords: { minimum: optionalZero ? 0 : min, maximum: max }, required } : none
}

function number(text: string): number {
  return Number(text.replaceAll(',', ''))
}
