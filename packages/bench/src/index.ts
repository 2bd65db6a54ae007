export type { Figure, Ratio, Results, Run } from './results'
