import { UserChange } from '@holdfast/contracts/auth'
import { type Actor, Actor_Role } from '@holdfast/contracts/common'
import { createEvent, type EventContext, type NewEvent } from '@holdfast/events'

import type { UserRow } from './sql/users'

export type UserEvent = 'registered' | 'logged_in' | 'token_refreshed' | 'logged_out' | 'tokens_revoked'

/**
 * What happened to a user, told without address or secret.
 * @param user as it is after the change, its version included
 * @param familyId of refresh tokens; empty when none is concerned
 */
export function userEvent(event: UserEvent, user: UserRow, familyId: string, ctx: EventContext): NewEvent {
  const change: UserChange = { id: user.id, role: user.role, familyId }
  // All events of a user have this one shape.
  const data = { after: UserChange.toJSON(change) }
  return createEvent({ type: `holdfast.user.${event}.v1`, data, key: user.id, subject: user.id, version: user.version, ctx })
}

/** @param before as it was @param after as it is now, its version included */
export function roleChanged(before: UserRow, after: UserRow, ctx: EventContext): NewEvent {
  const told = ({ id, role }: UserRow): unknown => UserChange.toJSON({ id, role, familyId: '' })
  const data = { before: told(before), after: told(after) }
  return createEvent({
    type: 'holdfast.user.role_changed.v1',
    data,
    key: after.id,
    subject: after.id,
    version: after.version,
    ctx,
  })
}

/** The call by whom it turned out to be: whoever registers or logs in is nobody known before. */
export function byUser(user: UserRow, ctx: EventContext): EventContext {
  const actor: Actor = { id: user.id, role: user.role === 'ADMIN' ? Actor_Role.ADMIN : Actor_Role.USER }
  return { actor, requestId: ctx.requestId, traceparent: ctx.traceparent }
}
