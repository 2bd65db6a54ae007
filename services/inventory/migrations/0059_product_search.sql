-- Searching products by words that are anywhere in SKU or name, by an index of their trigrams. One or two letters have none: those that
-- are rare cost a look at each product, which is short where the text is made already.

-- Comes with PostgreSQL, and is trusted: the owner of a database may have it.
create extension if not exists pg_trgm;

-- Without case, and each letter in one form however it was put together.
alter table products add column searched text not null
  generated always as (lower(normalize(sku || ' ' || name, nfc) collate "default")) stored;

create index products_searched on products using gin (searched gin_trgm_ops);
