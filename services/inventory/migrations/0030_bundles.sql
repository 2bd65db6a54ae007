-- Products that are made of others (docs/decisions/034). A bundle has no level: whoever makes one (lockPlaces) is refused. It is a bundle from
-- its first moment and for good, and its parts are none, so there is no nesting to look for.
create table bundle_parts (
  bundle text collate "C" not null references products,
  sku text collate "C" not null references products,
  -- Units in one bundle.
  quantity integer not null check (quantity between 1 and 1000),
  primary key (bundle, sku),
  check (bundle <> sku)
);
