/** How long a whole system may take to start where a trial is not alone, in ms. */
export const startMs = 300_000
