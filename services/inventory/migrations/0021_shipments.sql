-- Units on the way to a warehouse (docs/decisions/034), from a supplier or from another warehouse. `incoming` of a level is what is
-- still open of the lines that go there.
create table shipments (
  -- Of the operation that made it, so that a repeat is known (truth 4).
  id uuid primary key,
  fingerprint text not null,
  kind text not null check (kind in ('PURCHASE', 'TRANSFER')),
  state text not null check (state in ('OPEN', 'RECEIVED', 'CANCELLED')),
  warehouse text collate "C" not null references warehouses,
  -- Of a transfer.
  from_warehouse text collate "C" references warehouses,
  reference text not null,
  supplier text not null,
  expected_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  check ((kind = 'TRANSFER') = (from_warehouse is not null)),
  check (from_warehouse <> warehouse)
);

create index shipments_by_age on shipments (created_at, id);

-- No more arrives, or is given up, than was announced: by a CHECK, whatever the code does.
create table shipment_lines (
  shipment_id uuid not null references shipments,
  line integer not null,
  sku text collate "C" not null references products,
  expected integer not null check (expected > 0),
  received integer not null default 0 check (received >= 0),
  written_off integer not null default 0 check (written_off >= 0),
  open integer not null generated always as (expected - received - written_off) stored check (open >= 0),
  primary key (shipment_id, line),
  unique (shipment_id, sku)
);

-- What has arrived once does not arrive again: the warehouse's own reference of each delivery.
create table receipts (
  shipment_id uuid not null references shipments,
  reference text not null,
  fingerprint text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (shipment_id, reference)
);
