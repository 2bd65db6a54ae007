-- Where units may come from (docs/decisions/034): the order of warehouses, and the channels that see some of them only.

-- The lower, the sooner a line that names no warehouse is filled from it; MAIN is the first unless somebody says otherwise.
alter table warehouses add column priority integer not null default 100 check (priority between 0 and 1000000);
alter table warehouses add column version bigint not null default 1;
update warehouses set priority = 0 where code = 'MAIN';

create table channels (
  code text collate "C" primary key check (code ~ '^[A-Z0-9][A-Z0-9_-]{0,31}$'),
  name text not null,
  version bigint not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  created_by uuid not null unique,
  fingerprint text not null
);

-- The warehouses of a channel, in its own order.
create table channel_warehouses (
  channel text collate "C" not null references channels,
  place integer not null,
  warehouse text collate "C" not null references warehouses,
  primary key (channel, place),
  unique (channel, warehouse)
);
