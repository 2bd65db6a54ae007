-- Units that wait on the waitlist (docs/decisions/035), as the reservation service last told them; they count where the product says
-- waitlist_first. No foreign key: whoever tells them has looked, and products are never removed.
create table waiting (
  sku text collate "C" primary key,
  units bigint not null check (units >= 0),
  -- Of the number: an older one changes nothing.
  version bigint not null
);

-- Whoever makes holds of these leaves what waits, one after the other: after the levels, by SKU.
create function lock_waiting(p_skus text[]) returns void
language sql volatile as $$
  select from waiting w where w.sku = any (p_skus) order by w.sku for update
$$;

-- Whether what waits is left when so many units (of each SKU, over all warehouses) are taken. In a statement of its own after the locks.
create function leaves_what_waits(p_skus text[], p_taken jsonb) returns boolean
language sql volatile as $$
  select not exists (
    select from waiting w
    where w.sku = any (p_skus) and (p_taken ->> w.sku)::bigint > 0
      and (select coalesce(sum(greatest(s.free, 0)), 0) from stock_levels s where s.sku = w.sku) - (p_taken ->> w.sku)::bigint < w.units)
$$;
