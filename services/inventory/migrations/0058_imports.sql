-- Files that were imported under an idempotency key (truth 4): what they did, so that a repeat is answered and does nothing. Kept for good, as
-- the ledger is. Imports go one after the other (an advisory lock, taken first), so nobody waits for a row of this.
create table imports (
  id uuid primary key,
  fingerprint text not null,
  created integer not null,
  changed integer not null,
  unchanged integer not null,
  at timestamptz not null default clock_timestamp()
);
