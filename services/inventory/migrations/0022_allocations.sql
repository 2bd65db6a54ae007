-- Units that were taken out without a hold (docs/decisions/034), once by the caller's own reference. Written after the stock rows
-- are locked; of two at once with one reference the second waits for the first, which has all the locks that it needs.
create table allocations (
  reference text primary key,
  fingerprint text not null,
  reason text not null,
  actor_id text not null,
  actor_role text not null,
  created_at timestamptz not null default clock_timestamp()
);

-- Which warehouse each line came from; the ledger's movements have its reference.
create table allocation_lines (
  reference text not null references allocations,
  line integer not null,
  sku text collate "C" not null references products,
  warehouse text collate "C" not null references warehouses,
  quantity integer not null check (quantity > 0),
  primary key (reference, line)
);
