-- Changing the lines of a hold in place (docs/decisions/034, "Parts of a reservation").

-- What was done to the lines of a hold, by the id of the operation: here since the transaction of the change (truth 4).
create table hold_operations (
  id uuid primary key,
  hold_id uuid not null,
  fingerprint text not null,
  at timestamptz not null default clock_timestamp()
);
-- Which are old. Entries are added at the right edge, by the clock.
create index hold_operations_by_age on hold_operations (at);

-- Sets how many units of some SKUs a hold has (or takes so many from it: p_give_back), all of it or nothing. A wanted line without a warehouse ('') means all that the hold has of
-- the SKU; more of it is taken from a warehouse that the hold has units of, first from one that has this SKU. Of several lines of
-- one level, the last that came is the first to give back. If nothing is left the hold is released, with its lines as they were. Outcomes:
--   DONE         changed now, or there was nothing to change
--   KNOWN        the operation was done before
--   REUSED       ... with another request
--   UNKNOWN      there is no such hold
--   AS_IS        it is not HELD, or it is due
--   PROTECTED    a payment is under way
--   CONFLICT     its lines are not those of p_lines_version
--   TOO_FEW      `line` gives back more than there are
--   TOO_MANY     it would have more than p_most_lines
--   UNKNOWN_SKU, RULES (the product has some that are not applied here), SHORT: `line` names the wanted line
--   LIMIT        the owner would have more of `sku` than `most` (its own, or p_limit of every product; 0: none); `units` more are possible
--   DUE_FIRST    SHORT, but for due holds: a row for each level where they are, and the units that are missing there; or LIMIT, but for
--                due holds of the owner: a row for each; the caller expires them and asks again with p_final (truth 11)
--
-- Locks (truth 8): the hold, then the stock rows that may be concerned by (sku, warehouse), then its owner, if there is a limit, then the operation's new row, for which it
-- waits only while another transaction with the same operation has all its locks. What the function reads behind the hold's lock (its
-- lines) nobody else writes without it.
create function change_hold(
  p_id uuid, p_lines_version integer, p_operation uuid, p_fingerprint text,
  p_skus text[], p_warehouses text[], p_quantities integer[], p_give_back boolean, p_most_lines integer,
  p_limit integer, p_request_id text, p_final boolean
) returns table (outcome text, line integer, sku text, warehouse text, units integer, hold_id uuid, most integer)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_hold holds;
  v_now timestamptz;
  v_known text;
  v_left bigint;
  v_new integer := 0;
  -- By wanted line: the units that come in (below zero: go back), and where they come in.
  v_more integer[] := array_fill(0, array[cardinality(p_skus)]);
  v_place text[] := array_fill(null::text, array[cardinality(p_skus)]);
  v_to integer[] := array_fill(null::integer, array[cardinality(p_skus)]);
  -- What becomes of the levels.
  v_skus text[] := '{}';
  v_warehouses text[] := '{}';
  v_there integer[] := '{}';
  v_promised integer[] := '{}';
  v_levels stock_levels[];
  v_at text;
  v_line integer;
  v_give integer;
  v_taken integer;
  v_unkept integer;
  v_product products;
  -- SKUs of which the owner may have only so many.
  v_limited text[] := '{}';
  r record;
  l record;
begin
  select * into v_hold from holds h where h.id = p_id for no key update;
  if not found then
    outcome := 'UNKNOWN'; return next; return;
  end if;
  select o.fingerprint into v_known from hold_operations o where o.id = p_operation;
  if found then
    outcome := case when v_known = p_fingerprint then 'KNOWN' else 'REUSED' end; return next; return;
  end if;
  if v_hold.state <> 'HELD' then
    outcome := 'AS_IS'; return next; return;
  end if;
  perform from stock_levels s
  where s.sku = any (p_skus) and exists (
    select from unnest(p_skus, p_warehouses) as w (sku, warehouse)
    where w.sku = s.sku and (w.warehouse = s.warehouse
      or (w.warehouse = '' and exists (select from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id and h.warehouse = s.warehouse))))
  order by s.sku, s.warehouse
  for no key update;
  v_now := clock_timestamp();
  if v_hold.expires_at <= v_now then
    outcome := 'AS_IS'; return next; return;
  end if;
  if v_hold.protected_until > v_now then
    outcome := 'PROTECTED'; return next; return;
  end if;
  if v_hold.lines_version <> p_lines_version then
    outcome := 'CONFLICT'; return next; return;
  end if;

  -- What is wanted of each is decided before anything is written.
  for r in
    select w.line::integer as line, w.sku, w.warehouse, coalesce(h.units, 0) as had,
           exists (select from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id and h.bundle = w.sku) as bundled,
           case when p_give_back then -w.quantity else w.quantity - coalesce(h.units, 0)::integer end as more
    from unnest(p_skus, p_warehouses, p_quantities) with ordinality as w (sku, warehouse, quantity, line)
    left join lateral (
      select sum(h.quantity) as units
      from hold_lines h
      where h.created_at = v_hold.created_at and h.hold_id = p_id and h.sku = w.sku and w.warehouse in ('', h.warehouse) and h.bundle is null
    ) h on true
    order by w.line
  loop
    v_more[r.line] := r.more;
    line := r.line;
    -- What is held as part of a bundle is not its owner's by the name of the part.
    if r.bundled then
      outcome := 'RULES'; return next; return;
    end if;
    if r.had + r.more < 0 then
      outcome := 'TOO_FEW'; return next; return;
    end if;
    continue when r.more <= 0;
    select * into v_product from products p where p.sku = r.sku;
    if not found then
      outcome := 'UNKNOWN_SKU'; return next; return;
    end if;
    -- Rules are changed behind the locks of the product's levels; these are some of them.
    if v_product.bundle or v_product.backorder_cap is not null or v_product.waitlist_first then
      outcome := 'RULES'; return next; return;
    end if;
    select s.warehouse into v_at
    from stock_levels s
    left join lateral (
      select min(h.line) as first, min(h.line) filter (where h.sku = r.sku) as own
      from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id and h.warehouse = s.warehouse
    ) h on true
    where s.sku = r.sku and s.free >= r.more and (s.warehouse = r.warehouse or (r.warehouse = '' and h.first is not null))
    order by h.own nulls last, h.first nulls last
    limit 1;
    if v_at is null then
      if not p_final then
        return query
        select 'DUE_FIRST', r.line, s.sku, s.warehouse, r.more - s.free, null::uuid, null::integer
        from stock_levels s
        where s.sku = r.sku
          and (s.warehouse = r.warehouse
            or (r.warehouse = '' and exists (select from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id and h.warehouse = s.warehouse)))
          and exists (select from hold_lines d where d.sku = s.sku and d.warehouse = s.warehouse and d.held and d.expires_at <= v_now);
        if found then return; end if;
      end if;
      outcome := 'SHORT'; return next; return;
    end if;
    select max(h.line) into v_line from hold_lines h
    where h.created_at = v_hold.created_at and h.hold_id = p_id and h.sku = r.sku and h.warehouse = v_at and h.bundle is null
      and h.price_minor = v_product.price_minor and h.currency = v_product.currency;
    v_place[r.line] := v_at;
    v_to[r.line] := v_line;
    if v_line is null then v_new := v_new + 1; end if;
  end loop;

  -- What it takes of a SKU as a whole, against what its owner has: who holds more of it meanwhile waits behind the owner's lock.
  for r in
    select w.line, w.sku, w.more, w.most
    from (
      select min(w.line)::integer as line, w.sku, sum(v_more[w.line])::integer as more, coalesce(min(p.most_per_shopper), nullif(p_limit, 0)) as most
      from unnest(p_skus) with ordinality as w (sku, line)
      join products p on p.sku = w.sku
      group by w.sku
    ) w
    where w.more > 0 and w.most is not null
    order by w.line
  loop
    if v_limited = '{}' then perform lock_owners(array[v_hold.owner]); end if;
    v_limited := v_limited || r.sku;
    select coalesce(sum(c.units), 0)::integer into v_taken from claims_that_count c where c.owner = v_hold.owner and c.sku = r.sku;
    continue when v_taken + r.more <= r.most;
    if not p_final then
      return query
      select 'DUE_FIRST', r.line, null::text, null::text, null::integer, c.hold_id, null::integer
      from claims_that_count c where c.owner = v_hold.owner and c.sku = r.sku and c.held and c.expires_at <= clock_timestamp();
      if found then return; end if;
    end if;
    outcome := 'LIMIT'; line := r.line; sku := r.sku; units := greatest(r.most - v_taken, 0); most := r.most;
    return next; return;
  end loop;
  line := null;

  select sum(h.quantity) + (select sum(m) from unnest(v_more) as m) into v_left from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id;
  if v_new > 0 and v_new + (select count(*) from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id) > p_most_lines then
    outcome := 'TOO_MANY'; return next; return;
  end if;

  if v_left = 0 then
    -- All its levels are locked: each of its lines was named.
    perform end_holds('RELEASE', array[p_id], array[false], p_request_id, null);
  elsif exists (select from unnest(v_more) as m where m <> 0) then
    for r in
      select w.line, w.sku, w.warehouse, v_more[w.line] as more, v_place[w.line] as place, v_to[w.line] as known
      from unnest(p_skus, p_warehouses) with ordinality as w (sku, warehouse, line)
      order by w.line
    loop
      v_give := -r.more;
      for l in
        select h.line, h.warehouse, h.quantity, h.promised from hold_lines h
        where h.created_at = v_hold.created_at and h.hold_id = p_id and h.sku = r.sku and r.warehouse in ('', h.warehouse) and h.bundle is null
        order by h.line desc
      loop
        exit when v_give <= 0;
        v_taken := least(v_give, l.quantity);
        -- What is not there yet is the first to be given up.
        v_unkept := least(v_taken, l.promised);
        v_give := v_give - v_taken;
        if v_taken = l.quantity then
          delete from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id and h.line = l.line;
        else
          update hold_lines h
          set quantity = h.quantity - v_taken, promised = h.promised - v_unkept, promise_place = case when h.promised > v_unkept then h.promise_place end
          where h.created_at = v_hold.created_at and h.hold_id = p_id and h.line = l.line;
        end if;
        v_skus := v_skus || r.sku;
        v_warehouses := v_warehouses || l.warehouse;
        v_there := v_there || (v_unkept - v_taken);
        v_promised := v_promised || -v_unkept;
      end loop;
      -- Of what has, or had, a limit (0031): what its owner has of it. The level that is locked keeps out who counts anew.
      delete from shopper_claims c where c.owner = v_hold.owner and c.sku = r.sku and c.hold_id = p_id and c.units <= -r.more;
      if r.more > 0 and r.sku = any (v_limited) then
        insert into shopper_claims as c (owner, sku, hold_id, units) values (v_hold.owner, r.sku, p_id, r.more)
        on conflict (owner, sku, hold_id) do update set units = c.units + excluded.units;
      else
        update shopper_claims c set units = c.units + r.more where c.owner = v_hold.owner and c.sku = r.sku and c.hold_id = p_id;
      end if;
      continue when r.more <= 0;
      if r.known is not null then
        update hold_lines h set quantity = h.quantity + r.more where h.created_at = v_hold.created_at and h.hold_id = p_id and h.line = r.known;
      else
        insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at)
        select p_id, (select coalesce(max(h.line), 0) + 1 from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id), p.sku, r.place, r.more, p.price_minor, p.currency,
               v_hold.expires_at, true, v_hold.created_at
        from products p where p.sku = r.sku;
      end if;
      v_skus := v_skus || r.sku;
      v_warehouses := v_warehouses || r.place;
      v_there := v_there || r.more;
      v_promised := v_promised || 0;
    end loop;
    update holds h set version = h.version + 1, lines_version = h.lines_version + 1 where h.id = p_id;
    with changed as (
      update stock_levels s
      set reserved = s.reserved + t.there, promised = s.promised + t.promised, version = s.version + 1
      from (
        select c.sku, c.warehouse, sum(c.there) as there, sum(c.promised) as promised
        from unnest(v_skus, v_warehouses, v_there, v_promised) as c (sku, warehouse, there, promised)
        group by c.sku, c.warehouse
      ) t
      where s.sku = t.sku and s.warehouse = t.warehouse
      returning s
    )
    select array_agg(s) into v_levels from changed;
    perform publish_levels(v_levels, p_request_id);
  end if;

  if p_operation is not null then
    insert into hold_operations (id, hold_id, fingerprint) values (p_operation, p_id, p_fingerprint);
  end if;
  outcome := 'DONE'; return next;
end
$$;
