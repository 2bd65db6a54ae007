import { createClient } from '@holdfast/client'

import { watchedFetch } from './connection.ts'
import { accessToken, renewToken } from './session.ts'

/** Every call of the console goes through it. */
export const api = createClient({
  url: '',
  token: accessToken,
  refreshToken: renewToken,
  fetch: watchedFetch,
  // Longer waits are the shopper's to decide about.
  maxWaitMs: 5_000,
})
