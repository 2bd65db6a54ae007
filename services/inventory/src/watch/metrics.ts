import { gauge, histogram } from '@holdfast/service'

const watchers = gauge('availability_watchers', 'Streams that watch availability')
const skus = gauge('availability_watched_skus', 'SKUs that somebody watches')
const looks = histogram('availability_look_seconds', 'How long one look at all that is watched took')

// Nobody, until somebody does.
watchers.set(0)
skus.set(0)

export const watchMetrics = {
  count: (watching: number, watched: number): void => {
    watchers.set(watching)
    skus.set(watched)
  },
  looked: (seconds: number): void => looks.observe(seconds),
}
