-- Holds: units set aside. The row in `holds` decides what becomes of them (truth 3).

create table holds (
  id uuid primary key,
  -- Empty on a tombstone: an id that was released before it was held.
  owner text not null,
  fingerprint text not null,
  state text not null check (state in ('HELD', 'COMMITTED', 'RELEASED', 'EXPIRED')),
  -- When it is due: the later of base_expires_at and protected_until.
  expires_at timestamptz not null,
  base_expires_at timestamptz not null,
  -- A payment is under way until then at the latest; null: none is.
  protected_until timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  ended_at timestamptz,
  -- Grows by one whenever its lines change, which is seldom.
  lines_version integer not null default 1
);

-- The sweeper's look for holds without a reservation, oldest first.
create index holds_held_by_age on holds (created_at, id) where state = 'HELD';

-- No foreign keys here: a check for each line would cost the hot path more than the line itself. All writing is done by
-- the functions in 0012, and the consistency check looks at what the keys would.
create table hold_lines (
  hold_id uuid not null,
  line integer not null,
  sku text collate "C" not null,
  warehouse text collate "C" not null,
  quantity integer not null check (quantity > 0),
  price_minor bigint not null,
  currency text not null,
  -- Copies of the hold's, so that the due units of a SKU are found by one index.
  expires_at timestamptz not null,
  held boolean not null,
  -- Of the quantity: units that are not there yet (docs/decisions/034).
  promised integer not null default 0 check (0 <= promised and promised <= quantity),
  -- The bundle that it is a part of, and how many of them; the price is that of one bundle.
  bundle text collate "C",
  bundle_units integer,
  -- The hold's, and never changed. Lines are found by it first, so that new ones stand at the right edge of that index: by the
  -- id alone, which is a hash, each went to some page of an index of hundreds of MB (docs/decisions/033). Who has only the id of
  -- a hold takes this from its row.
  created_at timestamptz not null,
  primary key (created_at, hold_id, line)
);

create index hold_lines_held on hold_lines (sku, warehouse, expires_at) include (quantity, hold_id) where held;
