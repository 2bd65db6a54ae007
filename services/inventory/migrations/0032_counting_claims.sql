-- Setting a limit (docs/decisions/034) on what has sold much: what shoppers have of it already is counted a piece at a time, in transactions of their
-- own and without the locks of its levels; only the rest, which came meanwhile, is counted under them, by whoever sets the limit.
--
-- No claim is counted twice, whoever counts and however often: a claim is what one hold has of the SKU, and nothing is added to one that is there.
-- Counted are holds that were sold, whose lines never change again; their claims count while they were not returned (claims_that_count), so one that
-- is written after its units came back does no harm. Claims of what is still held are written under the levels' locks, without which nothing of it
-- changes, or, of bundles, under those of the holds.

-- How far it is counted; it stays when the limit goes, and is where the next one begins.
create table counted_claims (
  sku text collate "C" primary key,
  -- Sales of the ledger up to this one.
  place bigint not null default 0,
  -- Of a bundle: holds that were made until then.
  made_at timestamptz not null default '-infinity'
);

drop index hold_lines_of_bundles, archived_hold_lines_of_bundles;
create index hold_lines_of_bundles on hold_lines (bundle, created_at, hold_id) where bundle is not null;
create index archived_hold_lines_of_bundles on archived_hold_lines (bundle, created_at, hold_id) where bundle is not null;

-- Claims for what some holds have of a SKU, wherever they are.
create function claim_holds(p_sku text, p_ids uuid[]) returns void
language sql volatile as $$
  insert into shopper_claims (owner, sku, hold_id, units)
  select h.owner, p_sku, h.id, u.units
  from unnest(p_ids) as i (id)
  cross join lateral (
    select id, owner, state, created_at from holds where id = i.id
    union all
    select id, owner, state, created_at from archived_holds where id = i.id
  ) h
  cross join lateral (
    with l as (
      select sku, quantity, bundle, bundle_units, price_minor, currency from hold_lines where created_at = h.created_at and hold_id = h.id
      union all
      select sku, quantity, bundle, bundle_units, price_minor, currency from archived_hold_lines where created_at = h.created_at and hold_id = h.id
    )
    select sum(a.units) as units
    from (
      select quantity as units from l where sku = p_sku
      union all
      -- Each of its parts says how many of the bundle they are.
      select bundle_units from (select distinct price_minor, currency, bundle_units from l where bundle = p_sku) b
    ) a
  ) u
  where h.state in ('HELD', 'COMMITTED') and u.units > 0 and not exists (select from returns r where r.hold_id = h.id)
  order by h.owner, h.id
  on conflict do nothing
$$;

-- Counts sales of a SKU, or holds of a bundle, those that came first first: p_most of them, and none behind p_mark (null: under the locks of all
-- levels). Answers whether that was all. Locks, of a bundle and with a mark: its holds, by id. Of what they read nothing comes to be before the mark:
-- who sells or holds has the level's lock from before the place and the time are drawn until the commit, and the mark was read under those locks (count_claims).
create function count_some(p_sku text, p_mark text, p_most integer) returns boolean
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  v_bundle boolean;
  v_from counted_claims;
  v_ids uuid[];
  v_rows integer;
  v_place bigint;
  v_made_at timestamptz;
begin
  insert into counted_claims (sku) values (p_sku) on conflict do nothing;
  select * into v_from from counted_claims c where c.sku = p_sku;
  select bundle into v_bundle from products p where p.sku = p_sku;
  if v_bundle then
    select array_agg(distinct l.hold_id), count(*), max(l.created_at) into v_ids, v_rows, v_made_at
    from (
      select l.hold_id, l.created_at
      from (select bundle, created_at, hold_id from hold_lines union all select bundle, created_at, hold_id from archived_hold_lines) l
      where l.bundle = p_sku and l.created_at > v_from.made_at and l.created_at <= coalesce(p_mark, 'infinity')::timestamptz
      order by l.created_at
      fetch first p_most rows with ties
    ) l;
    if p_mark is not null then perform from holds h where h.id = any (v_ids) order by h.id for share; end if;
  else
    select array_agg(distinct g.reference::uuid), count(*), max(g.place) into v_ids, v_rows, v_place
    from (
      select g.reference, g.place
      from (select sku, place, kind, reference from ledger union all select sku, place, kind, reference from archived_ledger) g
      where g.sku = p_sku and g.place > v_from.place and g.place <= coalesce(p_mark::bigint, 9223372036854775807) and g.kind = 'SALE'
      order by g.place
      limit p_most
    ) g;
  end if;
  perform claim_holds(p_sku, v_ids);
  update counted_claims c set place = greatest(c.place, v_place), made_at = greatest(c.made_at, v_made_at) where c.sku = p_sku;
  return v_rows < p_most;
end
$$;

-- Counts what is not counted yet of a SKU that becomes limited, if that is at most p_most, and answers how much it was; else the mark up to which it is to
-- be counted first.
-- The caller has the locks of all its levels, of a bundle those of its parts: whoever holds some meanwhile finds the product at another version, and
-- plans again.
create function count_claims(p_sku text, p_most integer, out mark text, out counted integer)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  v_from counted_claims;
begin
  select * into v_from from counted_claims c where c.sku = p_sku;
  if (select bundle from products p where p.sku = p_sku) then
    select count(*), max(l.created_at)::text into counted, mark
    from (
      select l.created_at from (select bundle, created_at from hold_lines union all select bundle, created_at from archived_hold_lines) l
      where l.bundle = p_sku and l.created_at > coalesce(v_from.made_at, '-infinity')
      order by l.created_at desc
      limit p_most + 1
    ) l;
  else
    select count(*), max(g.place)::text into counted, mark
    from (
      select g.place from (select sku, place, kind from ledger union all select sku, place, kind from archived_ledger) g
      where g.sku = p_sku and g.place > coalesce(v_from.place, 0) and g.kind = 'SALE'
      order by g.place desc
      limit p_most + 1
    ) g;
  end if;
  if counted > p_most then
    counted := 0;
    return;
  end if;
  mark := null;
  perform count_some(p_sku, null, p_most + 1);
  -- What is held still, and what was sold before it was there.
  perform claim_holds(p_sku, array(
    select l.hold_id from hold_lines l where l.sku = p_sku and l.held
    union
    select l.hold_id from hold_lines l where l.sku = p_sku and l.promise_place is not null));
end
$$;
