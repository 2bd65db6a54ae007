-- Moving some units of a hold to a hold of their own (docs/decisions/034, "Parts of a reservation"). Of the lines of one level, those that
-- came first move first; of a line, the units that are there before those that are promised, which keep their place. Outcomes:
--   DONE       moved now
--   EXISTS     the part is known, whatever became of it
--   REUSED     ... and was made by another request
--   BURIED     it was released before it was made
--   UNKNOWN    there is no such hold
--   AS_IS      it is not HELD, or it is due
--   PROTECTED  a payment is under way
--   CONFLICT   its lines are not those of p_lines_version
--   TOO_FEW    `line` names what there is not enough of
--   RULES      `line` is a bundle, which is not split
--   EVERYTHING nothing would be left
--
-- Locks (truth 8): both holds by id, then the stock rows of what moves by (sku, warehouse), then the part's new row. No level changes: what
-- one counts is the sum over its lines, whosever they are. It is locked because of who counts what shoppers have of a SKU meanwhile (0031).
-- Two splits with one id meet at the hold that they split.
create function split_hold(
  p_id uuid, p_part uuid, p_fingerprint text, p_lines_version integer, p_skus text[], p_warehouses text[], p_quantities integer[]
) returns table (outcome text, line integer)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_hold holds;
  v_part holds;
  v_now timestamptz;
  v_place integer := 0;
  v_give integer;
  v_taken integer;
  v_promised integer;
  r record;
  l record;
begin
  perform from holds h where h.id in (p_id, p_part) order by h.id for no key update;
  select * into v_part from holds h where h.id = p_part;
  if not found then select * into v_part from archived_holds a where a.id = p_part; end if;
  if v_part.id is not null then
    outcome := case when v_part.owner = '' then 'BURIED' when v_part.fingerprint = p_fingerprint then 'EXISTS' else 'REUSED' end;
    return next; return;
  end if;
  select * into v_hold from holds h where h.id = p_id;
  if not found then
    outcome := 'UNKNOWN'; return next; return;
  end if;
  perform from stock_levels s
  where s.sku = any (p_skus) and exists (
    select from hold_lines h
    where h.created_at = v_hold.created_at and h.hold_id = p_id and h.sku = s.sku and h.warehouse = s.warehouse)
  order by s.sku, s.warehouse
  for no key update;
  v_now := clock_timestamp();
  if v_hold.state <> 'HELD' or v_hold.expires_at <= v_now then
    outcome := 'AS_IS'; return next; return;
  end if;
  if v_hold.protected_until > v_now then
    outcome := 'PROTECTED'; return next; return;
  end if;
  if v_hold.lines_version <> p_lines_version then
    outcome := 'CONFLICT'; return next; return;
  end if;
  select w.line::integer, case when h.bundled then 'RULES' else 'TOO_FEW' end into line, outcome
  from unnest(p_skus, p_warehouses, p_quantities) with ordinality as w (sku, warehouse, quantity, line)
  left join lateral (
    select sum(h.quantity) filter (where h.bundle is null and h.sku = w.sku and w.warehouse in ('', h.warehouse)) as units,
           bool_or(h.bundle = w.sku) as bundled
    from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id
  ) h on true
  where h.bundled or coalesce(h.units, 0) < w.quantity
  order by w.line limit 1;
  if found then
    return next; return;
  end if;
  if (select sum(h.quantity) from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id) = (select sum(q) from unnest(p_quantities) as q) then
    outcome := 'EVERYTHING'; return next; return;
  end if;

  -- Its age is its own: the search for holds without a reservation gives it the time that a new one has.
  insert into holds (id, owner, fingerprint, state, expires_at, base_expires_at, created_at, fills)
  values (p_part, v_hold.owner, p_fingerprint, 'HELD', v_hold.base_expires_at, v_hold.base_expires_at, v_now, v_hold.fills)
  on conflict (id) do nothing;
  if not found then
    outcome := 'BURIED'; return next; return;
  end if;
  for r in
    select w.sku, w.warehouse, w.quantity from unnest(p_skus, p_warehouses, p_quantities) with ordinality as w (sku, warehouse, quantity, line)
    order by w.line
  loop
    v_give := r.quantity;
    for l in
      select h.line, h.quantity, h.promised from hold_lines h
      where h.created_at = v_hold.created_at and h.hold_id = p_id and h.sku = r.sku and r.warehouse in ('', h.warehouse) and h.bundle is null
      order by h.line
    loop
      exit when v_give = 0;
      v_place := v_place + 1;
      v_taken := least(v_give, l.quantity);
      v_promised := greatest(v_taken - (l.quantity - l.promised), 0);
      v_give := v_give - v_taken;
      if v_taken = l.quantity then
        update hold_lines h set created_at = v_now, hold_id = p_part, line = v_place, expires_at = v_hold.base_expires_at
        where h.created_at = v_hold.created_at and h.hold_id = p_id and h.line = l.line;
      else
        insert into hold_lines (hold_id, line, sku, warehouse, quantity, price_minor, currency, expires_at, held, promised, created_at,
                                promise_place, backorder_until)
        select p_part, v_place, h.sku, h.warehouse, v_taken, h.price_minor, h.currency, v_hold.base_expires_at, true, v_promised, v_now,
               case when v_promised > 0 then h.promise_place end, h.backorder_until
        from hold_lines h where h.created_at = v_hold.created_at and h.hold_id = p_id and h.line = l.line;
        update hold_lines h
        set quantity = h.quantity - v_taken, promised = h.promised - v_promised, promise_place = case when h.promised > v_promised then h.promise_place end
        where h.created_at = v_hold.created_at and h.hold_id = p_id and h.line = l.line;
      end if;
    end loop;
    -- Of what has, or had, a limit (0031): the owner has as much of it as before.
    insert into shopper_claims (owner, sku, hold_id, units)
    select c.owner, c.sku, p_part, r.quantity from shopper_claims c where c.owner = v_hold.owner and c.sku = r.sku and c.hold_id = p_id
    on conflict (owner, sku, hold_id) do update set units = shopper_claims.units + excluded.units;
    delete from shopper_claims c where c.owner = v_hold.owner and c.sku = r.sku and c.hold_id = p_id and c.units <= r.quantity;
    update shopper_claims c set units = c.units - r.quantity where c.owner = v_hold.owner and c.sku = r.sku and c.hold_id = p_id;
  end loop;
  -- It is a live hold of its own, also for whom a limit counts holds.
  insert into shopper_claims (owner, sku, hold_id, units)
  select c.owner, c.sku, p_part, c.units from shopper_claims c where c.owner = v_hold.owner and c.sku = '' and c.hold_id = p_id;
  update holds h set version = h.version + 1, lines_version = h.lines_version + 1 where h.id = p_id;
  line := null;
  outcome := 'DONE'; return next;
end
$$;
