-- Products, warehouses, stock levels and the ledger.

create table products (
  sku text collate "C" primary key check (sku ~ '^[A-Z0-9][A-Z0-9._-]{0,63}$'),
  name text not null,
  description text not null default '',
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  price_minor bigint not null check (price_minor >= 0),
  version bigint not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  -- The operation that made it and the fingerprint of its request, so that a repeat is known (truth 4).
  created_by uuid not null unique,
  fingerprint text not null
);

create table warehouses (
  code text collate "C" primary key check (code ~ '^[A-Z0-9][A-Z0-9_-]{0,31}$'),
  name text not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by uuid not null unique,
  fingerprint text not null
);

insert into warehouses (code, name, created_by, fingerprint)
values ('MAIN', 'Main warehouse', '00000000-0000-8000-8000-000000000000', '');

-- Truth 1: 0 <= reserved <= on_hand, whatever the code does. A hot SKU is one row that is updated with each flush: room in
-- its page keeps those updates off the index, and vacuum comes by early.
create table stock_levels (
  sku text collate "C" not null references products,
  warehouse text collate "C" not null references warehouses,
  on_hand integer not null,
  reserved integer not null,
  version bigint not null default 1,
  primary key (sku, warehouse),
  check (0 <= reserved and reserved <= on_hand)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Every movement of stock: the sum of the deltas of a level is its on_hand (truth 2).
create table ledger (
  place bigint generated always as identity primary key,
  id uuid not null unique,
  sku text collate "C" not null,
  warehouse text collate "C" not null,
  kind text not null check (kind in ('OPENING', 'ADJUSTMENT', 'SALE', 'RETURN')),
  delta integer not null check (delta <> 0),
  reason text not null,
  actor_id text not null,
  actor_role text not null,
  reference text not null default '',
  at timestamptz not null default clock_timestamp()
);

create index ledger_by_sku on ledger (sku, place desc);
-- A cancelled order's units come back once.
create unique index ledger_returns_once on ledger (reference, sku, warehouse) where kind = 'RETURN';
