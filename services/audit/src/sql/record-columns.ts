/** A record's columns under the names of ChainedRecord. */
export const recordColumns = `
  sequence, event_id as "eventId", at, action, actor_id as "actorId", actor_role as "actorRole", object_type as "objectType",
  object_id as "objectId", before, after, request_id as "requestId", encode(previous_hash, 'hex') as "previousHash",
  encode(hash, 'hex') as hash`
