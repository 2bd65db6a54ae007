-- Limits for each shopper (docs/decisions/034): what they have of products that are limited. Only what is limited leaves rows, so nothing of this
-- is touched for the others.

-- Units of a hold that count against a limit; they stay while the hold's own row says so (below), and whoever makes the next ones removes those
-- that no longer count. Written by hold_batch behind the owner's lock, and under the locks of all levels of a SKU that becomes limited.
create table shopper_claims (
  owner text not null,
  -- Of a product or a bundle; empty: the hold itself, of which only so many may be HELD.
  sku text collate "C" not null,
  hold_id uuid not null,
  units integer not null check (units > 0),
  primary key (owner, sku, hold_id)
);
create index shopper_claims_by_hold on shopper_claims (hold_id);

-- Sold holds whose units came back: they are no longer their shopper's.
create table returns (
  reference text primary key,
  hold_id uuid not null,
  at timestamptz not null default clock_timestamp()
);
create index returns_by_hold on returns (hold_id);

-- Where the lines of one bundle are. Plain lines are in neither.
create index hold_lines_of_bundles on hold_lines (bundle) where bundle is not null;
create index archived_hold_lines_of_bundles on archived_hold_lines (bundle) where bundle is not null;

-- What counts: units that are held, due ones among them until they are taken back (truth 11: before anybody is refused), and units that were sold and not
-- returned. The hold's row decides, wherever it is.
create view claims_that_count as
select c.owner, c.sku, c.hold_id, c.units, h.state = 'HELD' as held, h.expires_at
from shopper_claims c
cross join lateral (
  select state, expires_at from holds where id = c.hold_id
  union all
  select state, expires_at from archived_holds where id = c.hold_id
) h
where h.state = 'HELD' or (h.state = 'COMMITTED' and c.sku <> '' and not exists (select from returns r where r.hold_id = c.hold_id));
