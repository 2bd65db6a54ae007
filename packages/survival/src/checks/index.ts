import { acknowledged } from './acknowledged'
import { answers } from './answers'
import { audit } from './audit'
import { books } from './books'
import type { Check } from './check'
import { levels } from './levels'
import { oversold } from './oversold'
import { payments } from './payments'

/** All of them, in the order in which they are told. */
export const checks: readonly Check[] = [oversold, levels, acknowledged, audit, books, payments, answers]
