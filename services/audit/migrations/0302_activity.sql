-- The activity figures: sums over the audit records, by minute (UTC). Nothing is decided by them, and they can be made again
-- from the log at any time.

-- One row for each time that they were made. At most one is shown (LIVE) and one is being made (BUILDING); rows are kept as
-- the memory of the keys by which rebuilds were asked for.
create table activity_projections (
  generation integer primary key,
  -- OLD: replaced, its buckets are being cleared away. GONE: they are.
  state text not null check (state in ('BUILDING', 'LIVE', 'OLD', 'GONE')),
  -- Records up to this one are in the buckets, written in the same transaction: each is counted once.
  sequence bigint not null default 0 check (sequence >= 0),
  operation_id uuid unique,
  started_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

create unique index activity_projections_in_use on activity_projections (state) where state in ('BUILDING', 'LIVE');

insert into activity_projections (generation, state) values (1, 'LIVE');

-- Counts are sums of what each event adds or takes back, so events may come in any order: one that was parked and put back
-- late leaves a count below 0 until then.
create table activity_minutes (
  generation integer not null,
  minute timestamptz not null,
  reservations_created bigint not null,   -- in this minute, and of these by now:
  reservations_committed bigint not null,
  reservations_cancelled bigint not null,
  reservations_expired bigint not null,
  units_reserved bigint not null,
  orders_confirmed bigint not null,
  orders_cancelled bigint not null,       -- after they were confirmed
  primary key (generation, minute)
) with (fillfactor = 80);

-- Money is numeric: a sum that does not fit bigint must not stop the figures for good.
create table activity_money (
  generation integer not null,
  minute timestamptz not null,
  currency text collate "C" not null,
  revenue_minor numeric not null,
  refunds_minor numeric not null,
  primary key (generation, minute, currency)
) with (fillfactor = 80);

create table activity_skus (
  generation integer not null,
  minute timestamptz not null,
  sku text collate "C" not null,
  currency text collate "C" not null,
  units_reserved bigint not null,
  units_sold bigint not null,
  revenue_minor numeric not null,
  primary key (generation, minute, sku, currency)
) with (fillfactor = 80);
