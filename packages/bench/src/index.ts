export type { Figure, GoalFound, Results, Run } from './results'
