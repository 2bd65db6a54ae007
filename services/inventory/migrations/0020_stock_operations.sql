-- What was done by hand under an idempotency key (truth 4), so that a repeat is known even where nothing moved. Kept for good, as
-- the ledger is. Written after the stock rows are locked: of two at once with one key the second waits here for the first, which
-- has all the locks that it needs.
create table stock_operations (
  id uuid primary key,
  fingerprint text not null,
  at timestamptz not null default clock_timestamp()
);
