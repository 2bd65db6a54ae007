-- The record is the memory of its event: audit_records.event_id is looked for under the head row's lock, and no inbox is needed.
--
-- Most of what a record costs is its entries in indexes, so there are fewer and smaller ones.

-- An object's type is the first word of the action: who asks for a type asks for its few actions.
drop index audit_records_object_type;

-- Ids are long texts without an order. By a hash of eight bytes they are found as well: who asks compares the id itself too.
create index audit_records_by_object on audit_records (hashtextextended(object_id, 0), sequence);
create index audit_records_by_actor on audit_records (hashtextextended(actor_id, 0), sequence);
create index audit_records_by_request on audit_records (hashtextextended(request_id, 0), sequence);
drop index audit_records_object_id;
drop index audit_records_actor;
drop index audit_records_request;
