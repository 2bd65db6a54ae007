-- Which transaction wrote a product last: whoever keeps products asks what has changed since a snapshot that they know of. Products
-- from before this have the oldest, which every snapshot has seen.
alter table products add column changed_in xid8 not null default '0';

create index products_by_change on products (changed_in);

-- By a trigger, so that no writer can forget it: neither the release before this one nor a hand in the database.
create function note_product_change() returns trigger language plpgsql as $$
begin
  new.changed_in := pg_current_xact_id();
  return new;
end
$$;

create trigger note_change before insert or update on products for each row execute function note_product_change();
