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
  fingerprint text not null,
  -- Rules that a hold of it is planned by (docs/decisions/034).
  bundle boolean not null default false,
  backorder_cap integer check (backorder_cap > 0),
  backorder_until timestamptz,
  backorder_warehouse text collate "C",
  most_per_shopper integer check (most_per_shopper > 0),
  waitlist_first boolean not null default false,
  -- It has none of them.
  plain boolean not null generated always as (
    not bundle and backorder_cap is null and most_per_shopper is null and not waitlist_first
  ) stored
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
-- its page keeps those updates off the index, and vacuum comes by early. What each number counts: docs/decisions/034.
create table stock_levels (
  sku text collate "C" not null references products,
  warehouse text collate "C" not null references warehouses,
  on_hand integer not null,
  reserved integer not null,
  version bigint not null default 1,
  -- Of on_hand: units that nobody may have.
  damaged integer not null default 0 check (damaged >= 0),
  quality integer not null default 0 check (quality >= 0),
  -- Kept back by policy; may be more than there is.
  safety integer not null default 0 check (safety >= 0),
  -- Promised beyond stock: what arrives is theirs first.
  promised integer not null default 0 check (promised >= 0),
  -- On the way here; no part of on_hand.
  incoming integer not null default 0 check (incoming >= 0),
  -- What a new hold may have; below zero is none.
  free integer not null generated always as (on_hand - reserved - damaged - quality - safety - promised) stored,
  primary key (sku, warehouse),
  check (0 <= reserved and reserved <= on_hand),
  check (reserved + damaged + quality <= on_hand)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Every movement of units, by double entry: from one account to another. SELLABLE, DAMAGED, QUALITY and INCOMING are those of
-- the level (sku, warehouse); the others are outside it. The sum of the deltas of a level is its on_hand (truth 2).
create table ledger (
  place bigint generated always as identity primary key,
  id uuid not null unique,
  sku text collate "C" not null,
  warehouse text collate "C" not null,
  kind text not null check (kind in ('OPENING', 'ADJUSTMENT', 'STATE', 'EXPECTED', 'RECEIPT', 'WRITE_OFF', 'DISPATCH', 'ALLOCATION',
                                     'SALE', 'RETURN')),
  quantity integer not null check (quantity > 0),
  from_account text not null,
  to_account text not null,
  -- Of on_hand.
  delta integer not null generated always as (
    quantity * ((to_account in ('SELLABLE', 'DAMAGED', 'QUALITY'))::integer - (from_account in ('SELLABLE', 'DAMAGED', 'QUALITY'))::integer)
  ) stored,
  reason text not null,
  actor_id text not null,
  actor_role text not null,
  reference text not null default '',
  at timestamptz not null default clock_timestamp(),
  -- Why, as a word that can be counted; empty where the kind says it all.
  reason_code text not null default '',
  -- From or to whom, where SOLD is one of the accounts; null: the actor.
  shopper text,
  check (from_account in ('SELLABLE', 'DAMAGED', 'QUALITY', 'INCOMING', 'SUPPLIER', 'SOLD', 'ALLOCATED', 'VARIANCE', 'TRANSIT')),
  check (to_account in ('SELLABLE', 'DAMAGED', 'QUALITY', 'INCOMING', 'SUPPLIER', 'SOLD', 'ALLOCATED', 'VARIANCE', 'TRANSIT')),
  check (from_account <> to_account)
);

create index ledger_by_sku on ledger (sku, place desc);
-- A cancelled order's units come back once.
create unique index ledger_returns_once on ledger (reference, sku, warehouse) where kind = 'RETURN';
