/** How long things are kept, in days; each is long enough for the one before it. */

/** Messages on a topic. */
export const topicDays = 7

/** Parked messages: the time in which they may be put back. */
export const parkedDays = 14

/**
 * What a consumer remembers of an event, from the event's own day: on its topic, parked, on the retry topic, and two days
 * for events that waited in an outbox or for clocks that differ.
 */
export const inboxDays = topicDays + parkedDays + topicDays + 2
