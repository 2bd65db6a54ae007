-- The hot path again, with less work for the batch in which everybody gets what they want, which is nearly every one until a
-- SKU runs out: levels are looked at once each and not once a line, ids that are known already show themselves at the insert,
-- and what was just written is not read back. What it locks, decides and answers is as 0012 says, but for HELD, which leaves out
-- what the caller has sent: owner, fingerprint, and the line's SKU, warehouse and quantity.
create or replace function hold_batch(
  p_ids uuid[], p_owners text[], p_fingerprints text[], p_ttls integer[],
  p_items integer[], p_skus text[], p_warehouses text[], p_quantities integer[],
  p_request_id text, p_final boolean, p_versions bigint[]
) returns table (
  item integer, outcome text, line integer, state text, expires_at timestamptz, version integer, owner text, fingerprint text,
  created_at timestamptz, protected_until timestamptz, sku text, warehouse text, quantity integer, price_minor bigint, currency text
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_fate text[] := array_fill(null::text, array[cardinality(p_ids)]);
  v_line integer[] := array_fill(null::integer, array[cardinality(p_ids)]);
  v_now timestamptz;
  v_plenty boolean;
  v_fits boolean;
  v_level integer[];
  v_free integer[];
  v_due boolean[];
  v_inserted uuid[];
  v_levels stock_levels[];
  v_made hold_lines[];
  v_first integer := 1;
  v_last integer;
  v_lines constant integer := cardinality(p_items);
  v_short integer;
  v_item integer;
  r record;
begin
  -- Whether nobody is plainly to be refused. A refusal locks and writes nothing, and a known id is no refusal: both are
  -- looked for only if this says so.
  select bool_and(p.sku is not null and coalesce(s.on_hand - s.reserved, 0) >= w.most) into v_plenty
  from (
    select l.sku, l.warehouse, max(l.quantity) as most
    from unnest(p_skus, p_warehouses, p_quantities) as l (sku, warehouse, quantity)
    group by l.sku, l.warehouse
  ) w
  left join products p on p.sku = w.sku
  left join stock_levels s on s.sku = w.sku and s.warehouse = w.warehouse;

  if not v_plenty then
    for r in
      select i.item from unnest(p_ids) with ordinality as i (id, item) join holds h on h.id = i.id
    loop
      v_fate[r.item] := 'EXISTS';
    end loop;
    -- In a variable: a volatile function is no index condition, and each refusal would read all holds of its SKU.
    v_now := clock_timestamp();
    for r in
      select l.item, l.line, p.sku is null as unknown
      from unnest(p_items, p_skus, p_warehouses, p_quantities) with ordinality as l (item, sku, warehouse, quantity, line)
      left join products p on p.sku = l.sku
      left join stock_levels s on s.sku = l.sku and s.warehouse = l.warehouse
      where v_fate[l.item] is null
        and (p.sku is null
          or (coalesce(s.on_hand - s.reserved, 0) < l.quantity
            and not exists (select from hold_lines d where d.sku = l.sku and d.warehouse = l.warehouse and d.held
                            and d.expires_at <= v_now)))
      order by l.line desc
    loop
      v_fate[r.item] := case when r.unknown or v_fate[r.item] = 'UNKNOWN_SKU' then 'UNKNOWN_SKU' else 'SHORT' end;
      if r.unknown or v_fate[r.item] = 'SHORT' then v_line[r.item] := r.line; end if;
    end loop;
  end if;

  if array_position(v_fate, null) is not null then
    perform from stock_levels s
    where (s.sku, s.warehouse) in (
      select l.sku, l.warehouse from unnest(p_items, p_skus, p_warehouses) as l (item, sku, warehouse) where v_fate[l.item] is null)
    order by s.sku, s.warehouse
    for no key update;
    v_now := clock_timestamp();
    if p_versions is not null and exists (
      select from unnest(p_skus, p_warehouses, p_versions) as l (sku, warehouse, version)
      left join stock_levels s on s.sku = l.sku and s.warehouse = l.warehouse
      where s.version is distinct from l.version)
    then
      item := 0;
      outcome := 'CONFLICT';
      return next;
      return;
    end if;

    -- A known id that is counted here as if it wanted units can only make this say no, and then known ids are looked for.
    select coalesce(bool_and(s.on_hand - s.reserved >= w.wanted), true) into v_fits
    from (
      select l.sku, l.warehouse, sum(l.quantity) as wanted
      from unnest(p_items, p_skus, p_warehouses, p_quantities) as l (item, sku, warehouse, quantity)
      where v_fate[l.item] is null
      group by l.sku, l.warehouse
    ) w left join stock_levels s on s.sku = w.sku and s.warehouse = w.warehouse;

    if v_fits then
      v_fate := array(select coalesce(f.fate, 'HELD') from unnest(v_fate) with ordinality as f (fate, item) order by f.item);
    else
      for r in
        select i.item from unnest(p_ids) with ordinality as i (id, item) join holds h on h.id = i.id where v_fate[i.item] is null
      loop
        v_fate[r.item] := 'EXISTS';
      end loop;
      -- One by one. Each line's level is a place in v_free (what is left of it) and v_due (whether due holds are on it).
      with l as (
        select line, sku, warehouse, dense_rank() over (order by sku, warehouse) as level
        from unnest(p_skus, p_warehouses) with ordinality as l (sku, warehouse, line)
      ), levels as (
        select x.level, coalesce(s.on_hand - s.reserved, 0) as free,
               exists (select from hold_lines d where d.sku = x.sku and d.warehouse = x.warehouse and d.held and d.expires_at <= v_now) as due
        from (select distinct level, sku, warehouse from l) x
        left join stock_levels s on s.sku = x.sku and s.warehouse = x.warehouse
      )
      select (select array_agg(level order by line) from l),
             (select array_agg(free order by level) from levels),
             (select array_agg(due order by level) from levels)
      into v_level, v_free, v_due;
      while v_first <= v_lines loop
        v_item := p_items[v_first];
        v_last := v_first;
        while v_last < v_lines and p_items[v_last + 1] = v_item loop
          v_last := v_last + 1;
        end loop;
        if v_fate[v_item] is null then
          v_short := null;
          for k in v_first .. v_last loop
            if v_free[v_level[k]] < p_quantities[k] then
              v_short := k;
              exit;
            end if;
          end loop;
          if v_short is null then
            v_fate[v_item] := 'HELD';
            for k in v_first .. v_last loop
              v_free[v_level[k]] := v_free[v_level[k]] - p_quantities[k];
            end loop;
          else
            if not p_final then
              for k in v_first .. v_last loop
                if v_due[v_level[k]] then
                  item := 0;
                  outcome := 'DUE_FIRST';
                  return next;
                  return;
                end if;
              end loop;
            end if;
            v_fate[v_item] := 'SHORT';
            v_line[v_item] := v_short;
          end if;
        end if;
        v_first := v_last + 1;
      end loop;
    end if;

    with inserted as (
      insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, created_at)
      select i.id, i.owner, i.fingerprint, 'HELD', v_now + i.ttl * interval '1 second', v_now + i.ttl * interval '1 second', v_now
      from unnest(p_ids, p_owners, p_fingerprints, p_ttls) with ordinality as i (id, owner, fingerprint, ttl, item)
      where v_fate[i.item] = 'HELD'
      order by i.id
      on conflict (id) do nothing
      returning id
    )
    select coalesce(array_agg(id), '{}') into v_inserted from inserted;
    -- Known before, or made or buried by another replica between our look and our insert: then that is how it is.
    if cardinality(v_inserted) <> cardinality(array_positions(v_fate, 'HELD')) then
      for r in
        select i.item from unnest(p_ids) with ordinality as i (id, item) where v_fate[i.item] = 'HELD' and i.id <> all (v_inserted)
      loop
        v_fate[r.item] := 'EXISTS';
      end loop;
    end if;

    with made as (
      insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held)
      select p_ids[l.item], l.line, l.sku, l.warehouse, l.quantity, p.price_minor, p.currency,
             v_now + p_ttls[l.item] * interval '1 second', true
      from unnest(p_items, p_skus, p_warehouses, p_quantities) with ordinality as l (item, sku, warehouse, quantity, line)
      join products p on p.sku = l.sku
      where v_fate[l.item] = 'HELD'
      returning hold_lines
    )
    select array_agg(hold_lines) into v_made from made;

    with changed as (
      update stock_levels s set reserved = s.reserved + t.taken, version = s.version + 1
      from (
        select l.sku, l.warehouse, sum(l.quantity) as taken
        from unnest(p_items, p_skus, p_warehouses, p_quantities) as l (item, sku, warehouse, quantity)
        where v_fate[l.item] = 'HELD'
        group by l.sku, l.warehouse
      ) t
      where s.sku = t.sku and s.warehouse = t.warehouse
      returning s
    )
    select array_agg(s) into v_levels from changed;
    if v_levels is not null then perform publish_levels(v_levels, p_request_id); end if;
  end if;

  -- What was held now, as it was written: nobody else can have changed it yet. What the caller knows by itself is left out.
  return query
  select p_items[m.line], 'HELD', m.line, 'HELD', m.expires_at, 1, null::text, null::text,
         v_now, null::timestamptz, null::text, null::text, null::integer, m.price_minor, m.currency
  from unnest(v_made) as m order by m.line;

  if array_position(v_fate, 'HELD') is null or cardinality(array_positions(v_fate, 'HELD')) < cardinality(p_ids) then
    return query
    select i.item::integer, v_fate[i.item], coalesce(l.line, v_line[i.item]), h.state, h.expires_at, h.version, h.owner, h.fingerprint,
           h.created_at, h.protected_until, l.sku, l.warehouse, l.quantity, l.price_minor, l.currency
    from unnest(p_ids) with ordinality as i (id, item)
    left join holds h on h.id = i.id and v_fate[i.item] = 'EXISTS'
    left join hold_lines l on l.hold_id = h.id
    where v_fate[i.item] <> 'HELD'
    order by i.item, l.line;
  end if;
end
$$;
