-- Ten million ended holds must not make the next one slower, and leave for the archive in the end.

-- A hold is written again once or twice in its life: a payment protects it, then it ends. What a payment moves stands in no
-- index, so with room in the page it is a HOT update that touches none; and the version that ends it dirties no second page.
-- New versions are some 200 bytes, a fifth of a page takes eight of them.
--
-- Vacuum by count more than by share: a share of ten million rows would leave hundreds of thousands of dead entries at
-- the front of hold_lines_held, exactly where availability and refusals look for due units.
alter table holds set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 10000,
                       autovacuum_analyze_scale_factor = 0.02);
alter table hold_lines set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 10000,
                            autovacuum_analyze_scale_factor = 0.02);
-- The ledger is only added to; vacuum has to make its pages visible to index-only reads and to clear up behind the archive.
alter table ledger set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
                        autovacuum_analyze_scale_factor = 0.02);

-- What the archive takes next. Entries are added at the right edge, by the clock: one hot page, however many there are.
create index holds_ended on holds (ended_at, id) where ended_at is not null;
-- The sales of a hold have its end as their time, but for units that arrived later (0050). By time first, again for the right edge: by reference alone every sale
-- would write to some random page of an index of gigabytes.
create index ledger_sales_by_time on ledger (at, reference) where kind = 'SALE';

-- The archive. Tables of the same columns (a column that is added to one is added to its archive in the same migration:
-- the move takes all of them and fails if they differ) in the same database, so that a move is one transaction. They are
-- written once: full pages, no index but those that answer by id, and the history of a SKU.
create table archived_holds (like holds, primary key (id));
create table archived_hold_lines (like hold_lines, primary key (created_at, hold_id, line));
create table archived_ledger (like ledger, primary key (place));
create index archived_ledger_by_sku on archived_ledger (sku, place desc);

-- The opening balance of each level: what its archived movements come to. Its on_hand is this and the ledger (truth 2).
create table ledger_openings (
  sku text collate "C" not null,
  warehouse text collate "C" not null,
  units bigint not null,
  primary key (sku, warehouse)
) with (fillfactor = 70);

-- When units of a hold were sold: at its end, and whenever promised ones arrived after it (0050).
create function sale_times(h holds) returns setof timestamptz
language plpgsql stable as $$
begin
  return query select h.ended_at union select f.at from fills f where f.hold_id = h.id and f.sold;
end
$$;

-- Moves holds that ended more than p_hours ago to the archive, with their lines and sales, oldest first from behind the
-- place given: one transaction, so a crash moves all of a batch or nothing. What does not balance by itself stays, and stays
-- in sight of the check of the books; so does an id that is in the archive already.
-- Locks: the holds, and waits for none (SKIP LOCKED), so that replicas share the work and nobody who wants a hold now is
-- made to wait for more than one batch; nothing of the hot path wants an ended one. Then, by key, opening balances, which
-- only this function writes.
create function archive_holds(p_hours integer, p_after_ended_at timestamptz, p_after_id uuid, p_limit integer)
returns table (looked integer, moved integer, last_ended_at text, last_id uuid)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  v_before constant timestamptz := clock_timestamp() - p_hours * interval '1 hour';
  v_found uuid[];
  v_ids uuid[];
begin
  select coalesce(array_agg(o.id order by o.ended_at, o.id), '{}'), count(*), (array_agg(o.ended_at::text order by o.ended_at, o.id))[count(*)]
  into v_found, looked, last_ended_at
  from (
    select h.id, h.ended_at from holds h
    where h.ended_at is not null and h.ended_at < v_before and (h.ended_at, h.id) > (p_after_ended_at, p_after_id)
    order by h.ended_at, h.id
    limit p_limit
    for update skip locked
  ) o;
  last_id := v_found[looked];

  select coalesce(array_agg(h.id), '{}') into v_ids
  from holds h
  where h.id = any (v_found)
    and h.state <> 'HELD'
    and (h.owner = '' or exists (select from hold_lines l where l.created_at = h.created_at and l.hold_id = h.id))
    -- What is sold and still promised is looked for here.
    and not exists (select from hold_lines l
                    where l.created_at = h.created_at and l.hold_id = h.id and (l.held or l.promise_place is not null))
    and coalesce((select sum(l.quantity - l.promised) from hold_lines l
                  where l.created_at = h.created_at and l.hold_id = h.id and h.state = 'COMMITTED'), 0)
      = coalesce((select -sum(g.delta) from sale_times(h) t join ledger g on g.kind = 'SALE' and g.at = t and g.reference = h.id::text), 0)
    and not exists (select from archived_holds a where a.id = h.id);
  moved := cardinality(v_ids);

  with gone as (
    delete from ledger g using holds h cross join lateral sale_times(h) t
    where h.id = any (v_ids) and h.state = 'COMMITTED' and g.kind = 'SALE' and g.at = t and g.reference = h.id::text
    returning g.*
  ), kept as (
    insert into archived_ledger select * from gone
  )
  insert into ledger_openings as o (sku, warehouse, units)
  select sku, warehouse, sum(delta) from gone group by sku, warehouse order by sku, warehouse
  on conflict (sku, warehouse) do update set units = o.units + excluded.units;

  -- Claims (0031) that count for nothing any more.
  delete from shopper_claims c using holds h
  where h.id = any (v_ids) and c.hold_id = h.id and (h.state <> 'COMMITTED' or c.sku = '');
  with gone as (
    delete from hold_lines l using holds h
    where h.id = any (v_ids) and l.created_at = h.created_at and l.hold_id = h.id
    returning l.*
  )
  insert into archived_hold_lines select * from gone;
  with gone as (delete from holds h where h.id = any (v_ids) returning *)
  insert into archived_holds select * from gone;
  return next;
end
$$;
