create table webhook_endpoints (
  id uuid primary key,
  url text not null,
  description text not null,
  event_types text[] not null,
  status text not null default 'ACTIVE' check (status in ('ACTIVE', 'PAUSED')),
  pause_reason text check (pause_reason in ('ASKED', 'FAILING', 'GONE')),
  version integer not null default 1,
  created_at timestamptz(3) not null default clock_timestamp(),
  updated_at timestamptz(3) not null default clock_timestamp(),
  -- Tries of the delivery at the head that failed in a row.
  failures integer not null default 0,
  -- Nothing is sent before.
  next_attempt_at timestamptz(3) not null default clock_timestamp(),
  -- The sender that works on it: one at a time, so that its deliveries go one after the other. A sender that died loses it
  -- when the time is over.
  lease uuid,
  leased_until timestamptz not null default '-infinity',
  check ((status = 'PAUSED') = (pause_reason is not null))
) with (fillfactor = 60);

create index webhook_endpoints_newest on webhook_endpoints (created_at, id);
create index webhook_endpoints_next on webhook_endpoints (next_attempt_at) where status = 'ACTIVE';

-- What deliveries are signed with. The newest has no end; those before it sign until theirs.
create table webhook_secrets (
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  secret text not null,
  ends_at timestamptz,
  primary key (endpoint_id, created_at)
);

-- The body of an event, once for all endpoints that get it.
create table webhook_messages (
  event_id uuid primary key,
  type text not null,
  subject text not null,
  at timestamptz(3) not null,
  body text not null
);

create index webhook_messages_at on webhook_messages using brin (at) with (autosummarize = on);

create table webhook_deliveries (
  -- The order in which an endpoint gets them. Drawn by the one who reads the event's partition, so events of one key stand in
  -- their order; nothing is decided by "up to number N", as numbers of different keys may become visible out of order.
  id bigint generated always as identity primary key,
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  event_id uuid not null references webhook_messages,
  status text not null default 'PENDING' check (status in ('PENDING', 'DELIVERED', 'SKIPPED')),
  attempts integer not null default 0,
  created_at timestamptz(3) not null default clock_timestamp(),
  last_attempt_at timestamptz(3),
  last_status integer not null default 0,
  last_error text not null default '',
  replay_of bigint
);

-- Second to the inbox, and for as long as the log is kept: an event goes to an endpoint once, unless it is replayed.
create unique index webhook_deliveries_once on webhook_deliveries (endpoint_id, event_id) where replay_of is null;
create index webhook_deliveries_waiting on webhook_deliveries (endpoint_id, id) where status = 'PENDING';
create index webhook_deliveries_of_endpoint on webhook_deliveries (endpoint_id, id);
create index webhook_deliveries_of_event on webhook_deliveries (event_id);
create index webhook_deliveries_old on webhook_deliveries using brin (created_at) with (autosummarize = on);

-- What was asked for with an idempotency key (truth 4).
create table operations (
  id uuid primary key,
  fingerprint text not null,
  -- What it came to: the endpoint's id, and how many were put back.
  endpoint_id uuid not null,
  count integer not null default 0,
  done_at timestamptz not null default clock_timestamp()
);
