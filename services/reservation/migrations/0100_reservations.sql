-- What users own of the stock for a while. A reservation has the id of its hold in inventory, whose row decides (truth 3).
create table reservations (
  id uuid primary key,
  user_id text collate "C" not null,
  -- ABANDONED never leaves this service: it claims the id of a hold that no reservation was made for, so that a late create
  -- meets it; to everybody else it looks absent.
  status text collate "C" not null check (status in ('ACTIVE', 'COMMITTED', 'CANCELLED', 'EXPIRED', 'ABANDONED')),
  fingerprint text collate "C" not null,  -- SHA-256 of the canonical request, hex
  lines jsonb not null,                   -- proto3 JSON of ReservationLine: warehouse and unit price as they were held
  expires_at timestamptz not null,        -- as inventory last said
  ttl_seconds integer not null,
  created_at timestamptz not null,        -- the hold's
  updated_at timestamptz not null,
  version integer not null default 1,     -- of this record: grows by one with each change that is published
  hold_version integer not null,          -- of the hold, as last taken over
  sweep_after timestamptz not null        -- not to be swept before: its end, or when a sweeper's claim on it is over
);

-- A user's own, newest first.
create index reservations_of_user on reservations (user_id, created_at desc, id desc);
-- Everybody's, newest first, for admins.
create index reservations_by_age on reservations (created_at desc, id desc);
-- Identical requests of a user: the ACTIVE one is found again, the ended ones are counted.
create index reservations_alike on reservations (user_id, fingerprint);
-- What the sweeper looks for.
create index reservations_to_sweep on reservations (sweep_after) where status = 'ACTIVE';

-- Changes of a reservation that were made with an idempotency key: the id is a hash of (user, operation, key), and stands
-- here since the transaction of the change (truth 4).
create table operations (
  id uuid primary key,
  fingerprint text not null,
  reservation_id uuid not null,
  at timestamptz not null default clock_timestamp()
);
