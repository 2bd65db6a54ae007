-- end_holds and prolong_holds as in 0012, but about the holds only that their first statement found and locked. A hold that is
-- committed by another session after that is seen by the later statements without its lock: it could leave HELD twice
-- (truth 3), and its stock rows were locked out of order (truth 8). Here it is UNKNOWN, as if it had come a moment later: a
-- release then buries the id, meets the hold, and ends it under its lock.

-- Ends holds: COMMIT sells their units, RELEASE and EXPIRE give them back. Outcomes, one row per item in order:
--   DONE     it was ended now
--   AS_IS    it is what `state` says, and was not changed
--   UNKNOWN  there is no such hold
create or replace function end_holds(p_kind text, p_ids uuid[], p_end_protection boolean[], p_request_id text)
returns table (
  item integer, outcome text, state text, expires_at timestamptz, version integer, owner text, fingerprint text,
  created_at timestamptz, protected_until timestamptz, now timestamptz
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
  v_ends uuid[];
  v_levels stock_levels[];
begin
  v_known := array(select h.id from holds h where h.id = any (p_ids) order by h.id for no key update);
  -- As a rule: then the arrays below need not be searched for each.
  v_all := cardinality(v_known) = (select count(distinct i.id) from unnest(p_ids) as i (id));
  perform from stock_levels s
  where (s.sku, s.warehouse) in (
    select l.sku, l.warehouse from holds h join hold_lines l on l.hold_id = h.id where h.id = any (v_known) and h.state = 'HELD')
  order by s.sku, s.warehouse
  for no key update;
  v_now := clock_timestamp();

  select coalesce(array_agg(h.id), '{}') into v_ends
  from (select i.id, bool_or(i.end_protection) as end_protection
        from unnest(p_ids, p_end_protection) as i (id, end_protection) group by i.id) i
  join holds h on h.id = i.id
  where (v_all or i.id = any (v_known)) and h.state = 'HELD'
    and case p_kind
      when 'COMMIT' then h.expires_at > v_now
      when 'EXPIRE' then h.expires_at <= v_now
      when 'RELEASE' then i.end_protection or h.protected_until is null or h.protected_until <= v_now
    end;

  if cardinality(v_ends) > 0 then
    update holds h
    set state = case p_kind when 'COMMIT' then 'COMMITTED' when 'EXPIRE' then 'EXPIRED' else 'RELEASED' end,
        version = h.version + 1, ended_at = v_now, protected_until = null
    where h.id = any (v_ends);
    update hold_lines l set held = false where l.hold_id = any (v_ends);
    with changed as (
      update stock_levels s
      set reserved = s.reserved - t.quantity,
          on_hand = s.on_hand - case when p_kind = 'COMMIT' then t.quantity else 0 end,
          version = s.version + 1
      from (
        select l.sku, l.warehouse, sum(l.quantity) as quantity from hold_lines l where l.hold_id = any (v_ends)
        group by l.sku, l.warehouse
      ) t
      where s.sku = t.sku and s.warehouse = t.warehouse
      returning s
    )
    select array_agg(s) into v_levels from changed;
    if p_kind = 'COMMIT' then
      insert into ledger (id, sku, warehouse, kind, delta, reason, actor_id, actor_role, reference, at)
      select gen_random_uuid(), l.sku, l.warehouse, 'SALE', -l.quantity, 'sold', h.owner, 'USER', h.id::text, v_now
      from holds h join hold_lines l on l.hold_id = h.id
      where h.id = any (v_ends)
      order by h.id, l.line;
    end if;
    if v_levels is not null then perform publish_levels(v_levels, p_request_id); end if;
  end if;

  return query
  select i.item::integer,
         case when h.id is null then 'UNKNOWN' when h.id = any (v_ends) then 'DONE' else 'AS_IS' end,
         h.state, h.expires_at, h.version, h.owner, h.fingerprint, h.created_at, h.protected_until, v_now
  from unnest(p_ids) with ordinality as i (id, item)
  left join holds h on h.id = i.id and (v_all or i.id = any (v_known))
  order by i.item;
end
$$;

-- Moves the end of holds that are HELD and not due. p_until: the owner's wish, never earlier than it is (null: leave it).
-- p_grace_ms: a payment protects the hold for so long from now; 0: the payment is over (null: leave it). Outcomes as above.
create or replace function prolong_holds(p_ids uuid[], p_until timestamptz[], p_grace_ms integer[])
returns table (
  item integer, outcome text, state text, expires_at timestamptz, version integer, owner text, fingerprint text,
  created_at timestamptz, protected_until timestamptz, now timestamptz
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
  where h.id = any (v_done) and l.hold_id = h.id and l.expires_at <> h.expires_at;

  return query
  select i.item::integer,
         case when h.id is null then 'UNKNOWN' when h.id = any (v_done) then 'DONE' else 'AS_IS' end,
         h.state, h.expires_at, h.version, h.owner, h.fingerprint, h.created_at, h.protected_until, v_now
  from unnest(p_ids) with ordinality as i (id, item)
  left join holds h on h.id = i.id and (v_all or i.id = any (v_known))
  order by i.item;
end
$$;
