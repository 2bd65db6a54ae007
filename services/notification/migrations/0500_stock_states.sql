-- What was last heard of each level, and in which state each SKU was seen last: a crossing is told once.
create table stock_levels (
  sku text collate "C" not null,
  warehouse text collate "C" not null,
  on_hand integer not null,
  available integer not null,
  -- The level's own, from the event: what is not newer changes nothing.
  version bigint not null,
  primary key (sku, warehouse)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

create table stock_states (
  sku text collate "C" primary key,
  -- Null: nothing was heard of it yet.
  state text check (state in ('IN_STOCK', 'LOW', 'OUT')),
  -- As they were when the state was taken on.
  available integer not null default 0,
  on_hand integer not null default 0,
  -- Grows with each event about it.
  version bigint not null default 0
);
