-- The audit log: one row for each event marked `audit`, numbered 1, 2, 3, ... without a gap, each carrying the hash of the
-- one before (truth 12).
create table audit_records (
  sequence bigint primary key check (sequence > 0),
  -- The inbox filters redelivered events; this is the second defence, and for good: the inbox forgets after some weeks.
  event_id uuid not null unique,
  -- To the millisecond, as events and the hash have it: a finer part could be changed without being noticed.
  at timestamptz(3) not null,
  action text not null,          -- reservation.created
  actor_id text not null,
  actor_role text not null,
  object_type text not null,     -- reservation
  object_id text not null,
  before jsonb,
  after jsonb,
  request_id text not null,
  previous_hash bytea not null check (length(previous_hash) = 32),
  hash bytea not null check (length(hash) = 32)
);

-- Each filter of the list with its order (newest first, so read backwards).
create index audit_records_action on audit_records (action, sequence);
create index audit_records_object_type on audit_records (object_type, sequence);
create index audit_records_object_id on audit_records (object_id, sequence);
create index audit_records_actor on audit_records (actor_id, sequence);
create index audit_records_request on audit_records (request_id, sequence);
-- Rows lie about in the order of time, so a page range says enough, and costs next to nothing per record.
create index audit_records_at on audit_records using brin (at) with (pages_per_range = 16, autosummarize = on);

-- The end of the chain, one row. Whoever appends locks it first, so numbers have no gap; and a tail that was cut off is
-- missed by it.
create table audit_head (
  only_row boolean primary key default true check (only_row),
  sequence bigint not null,
  hash bytea not null check (length(hash) = 32)
) with (fillfactor = 50);

insert into audit_head (sequence, hash) values (0, decode(repeat('00', 32), 'hex'));

-- The log only grows: no session may change or remove a record, whatever its rights on the table. To get around it the
-- table's owner or a superuser has to say `alter table ... disable trigger`, on purpose; the verification then still shows
-- what was done.
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log only grows: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_records_only_grow before update or delete or truncate on audit_records
  for each statement execute function refuse_audit_change();
alter table audit_records enable always trigger audit_records_only_grow;

create trigger audit_head_stays before delete or truncate on audit_head
  for each statement execute function refuse_audit_change();
alter table audit_head enable always trigger audit_head_stays;

create trigger audit_head_only_grows before update on audit_head
  for each row when (new.sequence <= old.sequence) execute function refuse_audit_change();
alter table audit_head enable always trigger audit_head_only_grows;
