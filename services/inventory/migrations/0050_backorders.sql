-- Units that are promised beyond stock (docs/decisions/034, "Promises").

alter table products
  add constraint backorder_whole check ((backorder_cap is null) = (backorder_warehouse is null) and (backorder_cap is not null or backorder_until is null)),
  add foreign key (backorder_warehouse) references warehouses;

-- Whose turn it is; drawn under the level's lock, so that in one level it is the order in which units were promised.
create sequence promise_places as bigint;

-- promise_place: that what is `promised` of the line is still to come; null: it never will, or all is there. In a part that was split off it
-- is that of the line that it was in. Null in nearly all lines, so that they are no longer for it.
alter table hold_lines add column promise_place bigint, add column backorder_until timestamptz,
  add constraint promise_of_units check (promise_place is null or promised > 0);
alter table archived_hold_lines add column promise_place bigint, add column backorder_until timestamptz;
create index hold_lines_promised on hold_lines (sku, warehouse, promise_place, hold_id, line) where promise_place is not null;

-- How often units have arrived for it: of which state the promises in its lines are. Null: nothing of it was ever promised.
alter table holds add column fills integer;
alter table archived_holds add column fills integer;

-- Where a fill may be owed. Its condition is the only column of it that changes, and it does so with promises alone: what others do to a
-- level stays off the index.
create index stock_levels_promised on stock_levels (sku, warehouse) where promised > 0;

-- Every fill, kept for good. The archive finds by it when units of a hold were sold after its end.
create table fills (
  hold_id uuid not null,
  -- Of the hold, from 1.
  number integer not null,
  line integer not null,
  sku text collate "C" not null,
  warehouse text collate "C" not null,
  quantity integer not null check (quantity > 0),
  -- The hold was sold by then: the units left with it.
  sold boolean not null,
  at timestamptz not null,
  primary key (hold_id, number, line)
);

-- Gives units that are there to those whom they were promised, in the order of the promises; lines that are due are passed over. A HELD
-- line's units become `reserved`, a sold one's leave as a SALE of their own. Answers the holds that got some, with how many; none: nobody
-- is owed any. May have to be asked again: it takes p_limit lines at most.
--
-- Locks (truth 8): the holds that it means by id, then the level, then new rows by key. Where a line before others turns out to be in a hold that
-- was not locked (it was split off meanwhile), it ends there.
create function fill_promises(p_sku text, p_warehouse text, p_limit integer, p_request_id text)
returns table (hold_id uuid, filled integer)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_there integer;
  v_meant uuid[];
  v_now timestamptz;
  v_taken integer;
  v_holds uuid[] := '{}';
  v_lines integer[] := '{}';
  v_units integer[] := '{}';
  v_sold boolean[] := '{}';
  v_levels stock_levels[];
  l record;
begin
  v_now := clock_timestamp();
  select s.on_hand - s.reserved - s.damaged - s.quality - s.safety into v_there
  from stock_levels s where s.sku = p_sku and s.warehouse = p_warehouse;
  v_meant := array(
    select o.hold_id
    from (
      select f.hold_id, sum(f.promised) over (order by f.promise_place, f.hold_id, f.line) - f.promised as before
      from (select * from hold_lines h
            where h.sku = p_sku and h.warehouse = p_warehouse and h.promise_place is not null and not (h.held and h.expires_at <= v_now)
            order by h.promise_place, h.hold_id, h.line limit p_limit) f
    ) o
    where o.before < v_there);
  if cardinality(v_meant) = 0 then return; end if;

  perform from holds h where h.id = any (v_meant) order by h.id for no key update;
  select s.on_hand - s.reserved - s.damaged - s.quality - s.safety into v_there
  from stock_levels s where s.sku = p_sku and s.warehouse = p_warehouse for no key update;
  v_now := clock_timestamp();
  for l in
    select h.created_at, h.hold_id, h.line, h.promised, h.held, h.expires_at from hold_lines h
    where h.sku = p_sku and h.warehouse = p_warehouse and h.promise_place is not null
    order by h.promise_place, h.hold_id, h.line
  loop
    exit when v_there <= 0;
    -- It will not be prolonged any more.
    continue when l.held and l.expires_at <= v_now;
    exit when l.hold_id <> all (v_meant);
    v_taken := least(v_there, l.promised);
    v_there := v_there - v_taken;
    update hold_lines h
    set promised = h.promised - v_taken, promise_place = case when h.promised > v_taken then h.promise_place end
    where h.created_at = l.created_at and h.hold_id = l.hold_id and h.line = l.line;
    v_holds := v_holds || l.hold_id;
    v_lines := v_lines || l.line;
    v_units := v_units || v_taken;
    v_sold := v_sold || not l.held;
  end loop;
  if cardinality(v_holds) = 0 then return; end if;

  update holds h set fills = h.fills + 1, version = h.version + 1 where h.id = any (v_holds);
  insert into fills (hold_id, number, line, sku, warehouse, quantity, sold, at)
  select f.hold_id, h.fills, f.line, p_sku, p_warehouse, f.units, f.sold, v_now
  from unnest(v_holds, v_lines, v_units, v_sold) as f (hold_id, line, units, sold) join holds h on h.id = f.hold_id
  order by f.hold_id, f.line;
  insert into ledger (id, sku, warehouse, kind, quantity, from_account, to_account, reason, actor_id, actor_role, reference, at)
  select gen_random_uuid(), p_sku, p_warehouse, 'SALE', f.units, 'SELLABLE', 'SOLD', 'sold, and arrived now', h.owner, 'USER', f.hold_id::text, v_now
  from unnest(v_holds, v_lines, v_units, v_sold) as f (hold_id, line, units, sold) join holds h on h.id = f.hold_id
  where f.sold
  order by f.hold_id, f.line;
  with changed as (
    update stock_levels s
    set on_hand = s.on_hand - t.sold, reserved = s.reserved + t.filled - t.sold, promised = s.promised - t.filled, version = s.version + 1
    from (
      select sum(f.units)::integer as filled, coalesce(sum(f.units) filter (where f.sold), 0)::integer as sold
      from unnest(v_units, v_sold) as f (units, sold)
    ) t
    where s.sku = p_sku and s.warehouse = p_warehouse
    returning s
  )
  select array_agg(s) into v_levels from changed;
  perform publish_levels(v_levels, p_request_id);
  return query
  select f.hold_id, sum(f.units)::integer from unnest(v_holds, v_units) as f (hold_id, units) group by f.hold_id order by f.hold_id;
end
$$;
