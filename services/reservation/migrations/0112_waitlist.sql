-- The waitlist (docs/decisions/035): a line for each SKU, and who stands in it.

-- One row for each SKU that anybody ever waited for. Locked before its entries by whoever changes what waits.
create table waitlist_lines (
  sku text collate "C" primary key,
  -- Of its WAITING entries; inventory is told, by version.
  units bigint not null check (units >= 0),
  version bigint not null default 1,
  told bigint not null default 0,
  told_at timestamptz,
  -- When somebody may be served at the earliest; infinity: nobody waits, and inventory knows it.
  look_at timestamptz not null default clock_timestamp(),
  -- Who serves it, and until when others leave it to them.
  lease uuid,
  lease_until timestamptz
) with (fillfactor = 60);

create index waitlist_lines_due on waitlist_lines (look_at);

create table waitlist_entries (
  id uuid primary key,
  user_id text collate "C" not null,
  sku text collate "C" not null,
  quantity integer not null check (quantity > 0),
  channel text collate "C" not null,
  status text collate "C" not null default 'WAITING' check (status in ('WAITING', 'OFFERED', 'FULFILLED', 'LAPSED', 'LEFT')),
  -- Drawn under the line's lock: whoever joined first has the lower.
  place bigint not null generated always as identity,
  -- A part of the reservation's id; grows when a hold of that id ended before there was a reservation.
  attempt integer not null default 1,
  reservation_id uuid,
  fingerprint text collate "C" not null,
  created_at timestamptz not null default clock_timestamp(),
  offered_at timestamptz,
  ended_at timestamptz,
  version integer not null default 1,
  check ((status in ('OFFERED', 'FULFILLED', 'LAPSED')) = (reservation_id is not null)),
  check ((status in ('FULFILLED', 'LAPSED', 'LEFT')) = (ended_at is not null))
);

create unique index waitlist_entries_live on waitlist_entries (user_id, sku) where status in ('WAITING', 'OFFERED');
create unique index waitlist_entries_by_reservation on waitlist_entries (reservation_id) where reservation_id is not null;
create index waitlist_entries_in_line on waitlist_entries (sku, place) where status = 'WAITING';
create index waitlist_entries_of_sku on waitlist_entries (sku, place);
create unique index waitlist_entries_by_place on waitlist_entries (place);
create index waitlist_entries_of_user on waitlist_entries (user_id, place desc);
create index waitlist_entries_offered on waitlist_entries (offered_at) where status = 'OFFERED';
create index waitlist_entries_ended on waitlist_entries (ended_at) where ended_at is not null;

-- Parts of a reservation that were checked out by themselves.
create index reservations_by_parent on reservations (parent_id) where parent_id is not null;
create index archived_reservations_by_parent on archived_reservations (parent_id) where parent_id is not null;
