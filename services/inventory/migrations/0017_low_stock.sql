-- Null: as whoever tells of low stock is set. Only read beside the product; no hold looks at it.
alter table products add column low_stock_at integer check (low_stock_at between 0 and 1000000);
