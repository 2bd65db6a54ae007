-- A product's own threshold, from the newest event of the product that was heard. Null: the service's own.
alter table stock_states
  add column low_at integer,
  add column product_version bigint not null default 0;
