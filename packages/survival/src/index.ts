export { Random } from './random'
export { report } from './report'
export { type Survival, type SurvivalOptions, survive } from './survive'
