-- Events that are to be published, written in the transaction of the change they tell of (truth 5). The relay publishes
-- them in the order of `place` and deletes what it published.
create table outbox (
  -- A sequence without cache, drawn after the aggregate's row lock: events of one key stand here in their order. Places
  -- of different keys may become visible out of order, so nothing is ever decided by "up to place N".
  place bigint generated always as identity primary key,
  event_id uuid not null default gen_random_uuid(),
  type text not null,                 -- holdfast.reservation.created.v1
  topic text not null,                -- holdfast.reservation.v1
  key text not null,                  -- partition key: events of one key stay in order
  subject text not null,              -- the aggregate's id
  aggregate_version bigint not null,
  audit boolean not null,             -- one audit record is written for it
  actor_id text not null,
  actor_role text not null,           -- USER, ADMIN, SERVICE, ANONYMOUS
  request_id text not null,
  traceparent text,
  data jsonb not null,                -- proto3 JSON of the event message
  at timestamptz not null default clock_timestamp()
)
-- Rows live for milliseconds: what is deleted must be cleared away by count, not by share, or reading the front would
-- wade through what is no longer there.
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
