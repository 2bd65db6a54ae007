-- The hot path. Each function is one round trip and one commit for a whole batch. Their first statements lock, later ones
-- (each a new READ COMMITTED snapshot, since the functions are VOLATILE) read what is true under the locks and decide;
-- time is clock_timestamp(), read once after the locks are held (truth 3).
--
-- Lock order (truth 8): existing holds by id, then stock rows by (sku, warehouse), then owners, then what waits by SKU, then new rows by key. hold_batch locks no
-- existing hold. It may wait for another's insert of the same new id only while that other, too, has all its stock locks
-- (hold_batch on another replica) or wants none (bury_holds): nobody waits in a circle.
--
-- end_holds and prolong_holds are about the holds that their first statement found and locked. One that another session commits
-- after that would be seen by their later statements without its lock: it could leave HELD twice (truth 3), and its stock rows
-- would be locked out of order. It is UNKNOWN, as if it had come a moment later: a release then buries the id, meets the hold,
-- and ends it under its lock.
--
-- hold_batch does least for the batch in which everybody gets what they want, which is nearly every one until a SKU runs out:
-- levels are looked at once each and not once a line, ids that are known show themselves at the insert, and what was just
-- written is not read back.
--
-- An id in the archive (0016) is as known as one in `holds` (truth 4): who asks needs no memory of its own, and may hold first and
-- look later. An id moves from one to the other in one transaction, so a statement that looks into both sees it once. The insert
-- meets what is in `holds`; what had left before it is seen by the statement after it.

-- One event per level that changed. The caller holds the rows' locks, so an outbox place is taken in version order.
create function publish_levels(p_levels stock_levels[], p_request_id text) returns void
language sql as $$
  insert into outbox (type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, data)
  select 'holdfast.stock_level.changed.v1', 'holdfast.inventory.v1', l.sku, l.sku || '/' || l.warehouse, l.version, false,
         'inventory', 'SERVICE', p_request_id,
         jsonb_build_object('after', jsonb_build_object('sku', l.sku, 'warehouse', l.warehouse,
           'onHand', l.on_hand, 'reserved', l.reserved, 'available', greatest(l.free, 0),
           'withheld', l.on_hand - l.reserved - greatest(l.free, 0), 'incoming', l.incoming, 'promised', l.promised))
  from unnest(p_levels) as l
  order by l.sku, l.warehouse
$$;

-- The limits of owners are looked at behind these locks, of which there are 256: a batch takes no more, however many owners are in it, and who
-- shares one with another only waits. After the levels, by number.
create function lock_owners(p_owners text[]) returns void
language sql volatile as $$
  select pg_advisory_xact_lock(hashtext('holdfast owners'), o.lock)
  from (select distinct hashtext(o.owner) & 255 as lock from unnest(p_owners) as o (owner) order by 1) o
$$;

-- Holds units for each item, all its lines or none, greedily in the order given: an item that does not fit uses up nothing
-- and a later one that fits is taken. The lines come item by item. Outcomes, one row per line of a hold and one per refusal:
--   HELD         made now; what the caller has sent is left out: owner, fingerprint, the line's SKU, warehouse, quantity, bundle and promise
--   EXISTS       the id is known: the hold as it is
--   UNKNOWN_SKU  `line` names the line
--   SHORT        not enough stock for `line`
--   DUE_FIRST    (item 0, nothing was written) somebody would be refused while due holds of the same SKUs exist: the caller
--                expires them and asks again with p_final, so that a hold past its time never costs a sale (truth 11)
--   CONFLICT     (item 0, nothing was written) a level is no longer at the version that p_versions names for its line
--   PLAN         (item 0, nothing was written) some product has rules: the caller plans the batch (docs/decisions/034) and asks again
--   CHOOSE       (item 0, nothing was written) the same, for lines that p_alone means have more than one warehouse to choose from
--   REPLAN       (item 0, nothing was written) what was planned is not there any more
--
-- p_alone: lines that named no warehouse were given the only one that the caller knows of. A planned batch (p_refused is not null) has no
-- lines of the items that the plan refuses (REFUSED, or EXISTS: a known id is no refusal), and of each other line how many of its
-- units are promised, and the bundle that it is a part of; p_products are those that the plan read, with their versions. Who changes a
-- product's rules locks its levels first, so under the locks the rules are those that the hold is made by; no more is promised than its cap.
-- p_claim_items (null: nothing is limited): what items count for against the limits of their owners, and how much an owner may have.
-- p_waiting_skus (null: none): those of which others than p_from_waitlist leave the units that wait, over all warehouses.
create function hold_batch(
  p_ids uuid[], p_owners text[], p_fingerprints text[], p_ttls integer[],
  p_items integer[], p_skus text[], p_warehouses text[], p_quantities integer[],
  p_request_id text, p_final boolean, p_versions bigint[], p_alone boolean,
  p_refused boolean[], p_promised integer[], p_bundles text[], p_bundle_units integer[], p_products text[], p_product_versions bigint[],
  p_claim_items integer[], p_claim_owners text[], p_claim_skus text[], p_claim_units integer[], p_claim_mosts integer[],
  p_from_waitlist boolean[], p_waiting_skus text[]
) returns table (
  item integer, outcome text, line integer, state text, expires_at timestamptz, version integer, owner text, fingerprint text,
  created_at timestamptz, protected_until timestamptz, sku text, warehouse text, quantity integer, price_minor bigint, currency text,
  bundle text, bundle_units integer, promised integer, backorder_until timestamptz, fills integer
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_planned constant boolean := p_refused is not null;
  v_fate text[] := array_fill(null::text, array[cardinality(p_ids)]);
  v_line integer[] := array_fill(null::integer, array[cardinality(p_ids)]);
  v_now timestamptz;
  v_plenty boolean;
  v_rules boolean;
  v_fits boolean;
  v_level integer[];
  v_free integer[];
  v_due boolean[];
  v_inserted uuid[];
  v_archived uuid[];
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
  -- looked for only if this says so. A plan has looked already.
  if v_planned then
    v_plenty := array_position(p_refused, true) is null;
    if not v_plenty then
      v_fate := array(select case when r.refused then 'REFUSED' end from unnest(p_refused) with ordinality as r (refused, item) order by r.item);
    end if;
  else
    select bool_and(p.sku is not null and coalesce(s.free, 0) >= w.most), bool_or(not p.plain) into v_plenty, v_rules
    from (
      select l.sku, l.warehouse, max(l.quantity) as most
      from unnest(p_skus, p_warehouses, p_quantities) as l (sku, warehouse, quantity)
      group by l.sku, l.warehouse
    ) w
    left join products p on p.sku = w.sku
    left join stock_levels s on s.sku = w.sku and s.warehouse = w.warehouse;
    if v_rules or (not v_plenty and p_alone and (select count(*) from warehouses) > 1) then
      item := 0;
      outcome := case when v_rules then 'PLAN' else 'CHOOSE' end;
      return next;
      return;
    end if;
  end if;

  if not v_plenty then
    -- In a variable: a volatile function is no index condition, and each refusal would read all holds of its SKU.
    v_now := clock_timestamp();
    for r in
      select l.item, l.line, p.sku is null as unknown
      from unnest(p_items, p_skus, p_warehouses, p_quantities) with ordinality as l (item, sku, warehouse, quantity, line)
      left join products p on p.sku = l.sku
      left join stock_levels s on s.sku = l.sku and s.warehouse = l.warehouse
      where not v_planned
        and (p.sku is null
          or (coalesce(s.free, 0) < l.quantity
            and not exists (select from hold_lines d where d.sku = l.sku and d.warehouse = l.warehouse and d.held
                            and d.expires_at <= v_now)))
      order by l.line desc
    loop
      v_fate[r.item] := case when r.unknown or v_fate[r.item] = 'UNKNOWN_SKU' then 'UNKNOWN_SKU' else 'SHORT' end;
      if r.unknown or v_fate[r.item] = 'SHORT' then v_line[r.item] := r.line; end if;
    end loop;
    -- After that, so in a later snapshot: units that are missing because another replica has just made this very hold show it here.
    for r in
      select i.item from unnest(p_ids) with ordinality as i (id, item)
      where exists (select from holds h where h.id = i.id) or exists (select from archived_holds a where a.id = i.id)
    loop
      -- The units that were planned for it are owed to those whom the plan refused.
      if v_planned and not p_refused[r.item] then
        item := 0;
        outcome := 'REPLAN';
        return next;
        return;
      end if;
      v_fate[r.item] := 'EXISTS';
      v_line[r.item] := null;
    end loop;
  end if;

  if array_position(v_fate, null) is not null then
    perform from stock_levels s
    where (s.sku, s.warehouse) in (
      select l.sku, l.warehouse from unnest(p_items, p_skus, p_warehouses) as l (item, sku, warehouse) where v_fate[l.item] is null)
    order by s.sku, s.warehouse
    for no key update;
    if p_claim_items is not null then perform lock_owners(p_claim_owners); end if;
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
    if v_planned then
      select coalesce(bool_and(s.sku is not null and (w.wanted = 0 or s.free >= w.wanted)), true)
        and not exists (select from unnest(p_products, p_product_versions) as r (sku, version)
                        left join products p on p.sku = r.sku where p.version is distinct from r.version)
      into v_fits
      from (
        select l.sku, l.warehouse, sum(l.quantity - l.promised) as wanted
        from unnest(p_items, p_skus, p_warehouses, p_quantities, p_promised) as l (item, sku, warehouse, quantity, promised)
        where v_fate[l.item] is null
        group by l.sku, l.warehouse
      ) w left join stock_levels s on s.sku = w.sku and s.warehouse = w.warehouse;
      if v_fits and exists (select from unnest(p_promised) as p where p > 0) then
        select coalesce(bool_and(coalesce(p.backorder_warehouse = w.warehouse and s.promised + w.promised <= p.backorder_cap, false)), true)
        into v_fits
        from (
          select l.sku, l.warehouse, sum(l.promised) as promised
          from unnest(p_items, p_skus, p_warehouses, p_promised) as l (item, sku, warehouse, promised)
          where v_fate[l.item] is null and l.promised > 0
          group by l.sku, l.warehouse
        ) w
        join products p on p.sku = w.sku
        left join stock_levels s on s.sku = w.sku and s.warehouse = w.warehouse;
      end if;
      if v_fits and p_claim_items is not null then
        select not exists (
          select from (
            select c.owner, c.sku, sum(c.units) as wanted, min(c.most) as most
            from unnest(p_claim_items, p_claim_owners, p_claim_skus, p_claim_units, p_claim_mosts) as c (item, owner, sku, units, most)
            where v_fate[c.item] is null
            group by c.owner, c.sku
          ) w
          where w.wanted + coalesce((select sum(c.units) from claims_that_count c where c.owner = w.owner and c.sku = w.sku), 0) > w.most
        ) into v_fits;
      end if;
      if v_fits and p_waiting_skus is not null then
        -- Levels that are not locked are lowered by nobody who does not have this lock, but by an admin's hand.
        perform lock_waiting(p_waiting_skus);
        v_fits := leaves_what_waits(p_waiting_skus, (
          select jsonb_object_agg(t.sku, t.wanted) from (
            select l.sku, sum(l.quantity - l.promised) as wanted
            from unnest(p_items, p_skus, p_quantities, p_promised) as l (item, sku, quantity, promised)
            where v_fate[l.item] is null and not p_from_waitlist[l.item]
            group by l.sku
          ) t))
          -- Nothing is promised to others while somebody waits.
          and not exists (
            select from unnest(p_items, p_skus, p_promised) as l (item, sku, promised) join waiting w on w.sku = l.sku
            where l.promised > 0 and v_fate[l.item] is null and not p_from_waitlist[l.item]
              and w.units > 0 and w.sku = any (p_waiting_skus));
      end if;
      if not v_fits then
        item := 0;
        outcome := 'REPLAN';
        return next;
        return;
      end if;
    else
      select coalesce(bool_and(s.free >= w.wanted), true), bool_or(not p.plain) into v_fits, v_rules
      from (
        select l.sku, l.warehouse, sum(l.quantity) as wanted
        from unnest(p_items, p_skus, p_warehouses, p_quantities) as l (item, sku, warehouse, quantity)
        where v_fate[l.item] is null
        group by l.sku, l.warehouse
      ) w
      left join products p on p.sku = w.sku
      left join stock_levels s on s.sku = w.sku and s.warehouse = w.warehouse;
      if v_rules then
        item := 0;
        outcome := 'PLAN';
        return next;
        return;
      end if;
    end if;

    if v_fits then
      v_fate := array(select coalesce(f.fate, 'HELD') from unnest(v_fate) with ordinality as f (fate, item) order by f.item);
    else
      for r in
        select i.item from unnest(p_ids) with ordinality as i (id, item)
        where v_fate[i.item] is null
          and (exists (select from holds h where h.id = i.id) or exists (select from archived_holds a where a.id = i.id))
      loop
        v_fate[r.item] := 'EXISTS';
      end loop;
      -- One by one. Each line's level is a place in v_free (what is left of it) and v_due (whether due holds are on it).
      with l as (
        select line, sku, warehouse, dense_rank() over (order by sku, warehouse) as level
        from unnest(p_skus, p_warehouses) with ordinality as l (sku, warehouse, line)
      ), levels as (
        select x.level, coalesce(s.free, 0) as free,
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
            if p_alone and (select count(*) from warehouses) > 1 then
              item := 0;
              outcome := 'CHOOSE';
              return next;
              return;
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
    v_archived := array(select a.id from archived_holds a where a.id = any (v_inserted));
    if cardinality(v_archived) > 0 then
      delete from holds h where h.id = any (v_archived);
      v_inserted := array(select i.id from unnest(v_inserted) as i (id) where i.id <> all (v_archived));
    end if;
    -- Known before, or made or buried by another replica between our look and our insert: then that is how it is.
    if cardinality(v_inserted) <> cardinality(array_positions(v_fate, 'HELD')) then
      -- The units that were planned for it are owed to those whom the plan refused: nothing of this is done.
      if array_position(p_refused, true) is not null then
        raise exception 'the plan is out of date' using errcode = 'HF001';
      end if;
      for r in
        select i.item from unnest(p_ids) with ordinality as i (id, item) where v_fate[i.item] = 'HELD' and i.id <> all (v_inserted)
      loop
        v_fate[r.item] := 'EXISTS';
      end loop;
    end if;

    if v_planned then
      with made as (
        insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held,
                                promised, bundle, bundle_units, created_at, promise_place, backorder_until)
        select l.hold_id, l.line, l.sku, l.warehouse, l.quantity, l.price_minor, l.currency, l.expires_at, true,
               l.promised, l.bundle, l.bundle_units, v_now, case when l.promised > 0 then nextval('promise_places') end, l.until
        from (
          select p_ids[l.item] as hold_id, l.*, p.price_minor, p.currency, v_now + p_ttls[l.item] * interval '1 second' as expires_at,
                 case when l.promised > 0 then (select b.backorder_until from products b where b.sku = l.sku) end as until
          from unnest(p_items, p_skus, p_warehouses, p_quantities, p_promised, p_bundles, p_bundle_units) with ordinality
            as l (item, sku, warehouse, quantity, promised, bundle, bundle_units, line)
          join products p on p.sku = coalesce(l.bundle, l.sku)
          where v_fate[l.item] = 'HELD'
          -- Who came first has the first place among the promises.
          order by l.line
        ) l
        returning hold_lines
      )
      select array_agg(hold_lines) into v_made from made;
      if exists (select from unnest(v_made) as m where m.promised > 0) then
        update holds h set fills = 0 where h.id in (select m.hold_id from unnest(v_made) as m where m.promised > 0);
      end if;
      if p_claim_items is not null then
        delete from shopper_claims c
        using (select distinct owner, sku from unnest(p_claim_owners, p_claim_skus) as w (owner, sku)) w
        where c.owner = w.owner and c.sku = w.sku
          and not exists (select from claims_that_count k where k.owner = c.owner and k.sku = c.sku and k.hold_id = c.hold_id);
        insert into shopper_claims (owner, sku, hold_id, units)
        select c.owner, c.sku, p_ids[c.item], c.units
        from unnest(p_claim_items, p_claim_owners, p_claim_skus, p_claim_units) as c (item, owner, sku, units)
        where v_fate[c.item] = 'HELD'
        order by c.owner, c.sku, p_ids[c.item];
      end if;
    else
      with made as (
        insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, created_at)
        select p_ids[l.item], l.line, l.sku, l.warehouse, l.quantity, p.price_minor, p.currency,
               v_now + p_ttls[l.item] * interval '1 second', true, v_now
        from unnest(p_items, p_skus, p_warehouses, p_quantities) with ordinality as l (item, sku, warehouse, quantity, line)
        join products p on p.sku = l.sku
        where v_fate[l.item] = 'HELD'
        returning hold_lines
      )
      select array_agg(hold_lines) into v_made from made;
    end if;

    with changed as (
      update stock_levels s
      set reserved = s.reserved + t.taken - t.promised, promised = s.promised + t.promised, version = s.version + 1
      from (
        select l.sku, l.warehouse, sum(l.quantity) as taken, coalesce(sum(p_promised[l.line]), 0) as promised
        from unnest(p_items, p_skus, p_warehouses, p_quantities) with ordinality as l (item, sku, warehouse, quantity, line)
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
         v_now, null::timestamptz, null::text, null::text, null::integer, m.price_minor, m.currency, null::text, null::integer,
         null::integer, null::timestamptz, null::integer
  from unnest(v_made) as m order by m.line;

  if array_position(v_fate, 'HELD') is null or cardinality(array_positions(v_fate, 'HELD')) < cardinality(p_ids) then
    return query
    select i.item::integer, v_fate[i.item], coalesce(l.line, v_line[i.item]), h.state, h.expires_at, h.version, h.owner, h.fingerprint,
           h.created_at, h.protected_until, l.sku, l.warehouse, l.quantity, l.price_minor, l.currency, l.bundle, l.bundle_units,
           case when l.promise_place is null then 0 else l.promised end, l.backorder_until, h.fills
    from (
      -- Of a refusal there is no hold to be looked for.
      select i.item, case when v_fate[i.item] = 'EXISTS' then i.id end as known from unnest(p_ids) with ordinality as i (id, item)
    ) i
    left join lateral (
      select h.id, h.state, h.expires_at, h.version, h.owner, h.fingerprint, h.created_at, h.protected_until, h.fills
      from holds h where h.id = i.known
      union all
      select a.id, a.state, a.expires_at, a.version, a.owner, a.fingerprint, a.created_at, a.protected_until, a.fills
      from archived_holds a where a.id = i.known
    ) h on true
    left join lateral (
      select l.line, l.sku, l.warehouse, l.quantity, l.price_minor, l.currency, l.bundle, l.bundle_units, l.promised, l.promise_place, l.backorder_until from hold_lines l
      where l.created_at = h.created_at and l.hold_id = h.id
      union all
      select a.line, a.sku, a.warehouse, a.quantity, a.price_minor, a.currency, a.bundle, a.bundle_units, a.promised, a.promise_place, a.backorder_until from archived_hold_lines a
      where a.created_at = h.created_at and a.hold_id = h.id
    ) l on true
    where v_fate[i.item] <> 'HELD'
    order by i.item, l.line;
  end if;
end
$$;

-- Ends holds: COMMIT sells their units, RELEASE and EXPIRE give them back. Outcomes, one row per item in order:
--   DONE     it was ended now
--   AS_IS    it is what `state` says, and was not changed
--   UNKNOWN  there is no such hold
-- p_lines_versions: a hold is committed only with the lines that are meant (null: whatever they are).
create function end_holds(p_kind text, p_ids uuid[], p_end_protection boolean[], p_request_id text, p_lines_versions integer[])
returns table (
  item integer, outcome text, state text, expires_at timestamptz, version integer, owner text, fingerprint text,
  created_at timestamptz, protected_until timestamptz, base_expires_at timestamptz, lines_version integer, fills integer, now timestamptz
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_asked constant timestamptz := clock_timestamp();
  v_known uuid[];
  v_all boolean;
  v_now timestamptz;
  v_ends uuid[];
  v_levels stock_levels[];
begin
  -- Who asks what became of holds (EXPIRE) waits for nobody: what is not due is only read, in the last statement.
  v_known := array(select h.id from holds h
                   where h.id = any (p_ids) and (p_kind <> 'EXPIRE' or (h.state = 'HELD' and h.expires_at <= v_asked))
                   order by h.id for no key update);
  -- As a rule: then the arrays below need not be searched for each.
  v_all := cardinality(v_known) = (select count(distinct i.id) from unnest(p_ids) as i (id));
  perform from stock_levels s
  where (s.sku, s.warehouse) in (
    select l.sku, l.warehouse from holds h join hold_lines l on l.created_at = h.created_at and l.hold_id = h.id
    where h.id = any (v_known) and h.state = 'HELD')
  order by s.sku, s.warehouse
  for no key update;
  v_now := clock_timestamp();

  select coalesce(array_agg(h.id), '{}') into v_ends
  from (select i.id, bool_or(i.end_protection) as end_protection, max(i.lines_version) as lines_version
        from unnest(p_ids, p_end_protection, p_lines_versions) as i (id, end_protection, lines_version) group by i.id) i
  join holds h on h.id = i.id
  where (v_all or i.id = any (v_known)) and h.state = 'HELD'
    and case p_kind
      when 'COMMIT' then h.expires_at > v_now and coalesce(i.lines_version = h.lines_version, true)
      when 'EXPIRE' then h.expires_at <= v_now
      when 'RELEASE' then i.end_protection or h.protected_until is null or h.protected_until <= v_now
    end;

  if cardinality(v_ends) > 0 then
    update holds h
    set state = case p_kind when 'COMMIT' then 'COMMITTED' when 'EXPIRE' then 'EXPIRED' else 'RELEASED' end,
        version = h.version + 1, ended_at = v_now, protected_until = null
    where h.id = any (v_ends);
    -- What is sold is still to come.
    update hold_lines l set held = false, promise_place = case when p_kind = 'COMMIT' then l.promise_place end
    from holds h where h.id = any (v_ends) and l.created_at = h.created_at and l.hold_id = h.id;
    with changed as (
      update stock_levels s
      set reserved = s.reserved - t.there,
          on_hand = s.on_hand - case when p_kind = 'COMMIT' then t.there else 0 end,
          -- What is sold stays promised until it is there.
          promised = s.promised - case when p_kind = 'COMMIT' then 0 else t.promised end,
          version = s.version + 1
      from (
        select l.sku, l.warehouse, sum(l.quantity - l.promised) as there, sum(l.promised) as promised
        from holds h join hold_lines l on l.created_at = h.created_at and l.hold_id = h.id
        where h.id = any (v_ends)
        group by l.sku, l.warehouse
      ) t
      where s.sku = t.sku and s.warehouse = t.warehouse
      returning s
    )
    select array_agg(s) into v_levels from changed;
    if p_kind = 'COMMIT' then
      insert into ledger (id, sku, warehouse, kind, quantity, from_account, to_account, reason, actor_id, actor_role, reference, at)
      select gen_random_uuid(), l.sku, l.warehouse, 'SALE', l.quantity - l.promised, 'SELLABLE', 'SOLD', 'sold', h.owner, 'USER',
             h.id::text, v_now
      from holds h join hold_lines l on l.created_at = h.created_at and l.hold_id = h.id
      where h.id = any (v_ends) and l.quantity > l.promised
      order by h.id, l.line;
    end if;
    if v_levels is not null then perform publish_levels(v_levels, p_request_id); end if;
  end if;

  return query
  select i.item::integer,
         case when h.id is null then 'UNKNOWN' when h.id = any (v_ends) then 'DONE' else 'AS_IS' end,
         h.state, h.expires_at, h.version, h.owner, h.fingerprint, h.created_at, h.protected_until, h.base_expires_at,
         h.lines_version, h.fills, v_now
  from unnest(p_ids) with ordinality as i (id, item)
  left join holds h on h.id = i.id and (v_all or i.id = any (v_known) or p_kind = 'EXPIRE')
  order by i.item;
end
$$;

-- Moves the end of holds that are HELD and not due. p_until: the owner's wish, never earlier than it is (null: leave it).
-- p_grace_ms: a payment protects the hold for so long from now; 0: the payment is over (null: leave it). Outcomes as above.
create function prolong_holds(p_ids uuid[], p_until timestamptz[], p_grace_ms integer[])
returns table (
  item integer, outcome text, state text, expires_at timestamptz, version integer, owner text, fingerprint text,
  created_at timestamptz, protected_until timestamptz, base_expires_at timestamptz, lines_version integer, fills integer, now timestamptz
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_known uuid[];
  v_all boolean;
  v_now timestamptz;
  v_done uuid[];
begin
  v_known := array(select h.id from holds h where h.id = any (p_ids) order by h.id for no key update);
  -- As a rule: then the arrays below need not be searched for each.
  v_all := cardinality(v_known) = (select count(distinct i.id) from unnest(p_ids) as i (id));
  v_now := clock_timestamp();

  with wish as (
    select i.id, max(i.until) as until, max(i.grace_ms) as grace_ms
    from unnest(p_ids, p_until, p_grace_ms) as i (id, until, grace_ms) group by i.id
  ), moved as (
    select h.id,
           greatest(h.base_expires_at, w.until) as base_expires_at,
           case when w.grace_ms is null then h.protected_until
                when w.grace_ms = 0 then null
                else greatest(h.protected_until, v_now + w.grace_ms * interval '1 millisecond') end as protected_until
    from wish w join holds h on h.id = w.id
    where (v_all or w.id = any (v_known)) and h.state = 'HELD' and h.expires_at > v_now
  ), updated as (
    update holds h
    set base_expires_at = m.base_expires_at, protected_until = m.protected_until,
        expires_at = greatest(m.base_expires_at, m.protected_until), version = h.version + 1
    from moved m
    where h.id = m.id
    returning h.id
  )
  select coalesce(array_agg(id), '{}') into v_done from updated;

  update hold_lines l set expires_at = h.expires_at
  from holds h
  where h.id = any (v_done) and l.created_at = h.created_at and l.hold_id = h.id and l.expires_at <> h.expires_at;

  return query
  select i.item::integer,
         case when h.id is null then 'UNKNOWN' when h.id = any (v_done) then 'DONE' else 'AS_IS' end,
         h.state, h.expires_at, h.version, h.owner, h.fingerprint, h.created_at, h.protected_until, h.base_expires_at,
         h.lines_version, h.fills, v_now
  from unnest(p_ids) with ordinality as i (id, item)
  left join holds h on h.id = i.id and (v_all or i.id = any (v_known))
  order by i.item;
end
$$;

-- Tombstones for ids that were released before they were held: a late hold meets them. Answers the ids that were buried now.
create function bury_holds(p_ids uuid[]) returns setof uuid
language sql volatile as $$
  insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, created_at, ended_at)
  select distinct i.id, '', '', 'RELEASED', t.now, t.now, t.now, t.now
  from unnest(p_ids) as i (id), (select clock_timestamp() as now) t
  order by i.id
  on conflict (id) do nothing
  returning id
$$;
