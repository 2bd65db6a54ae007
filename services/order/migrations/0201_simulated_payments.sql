-- The memory of the simulated payment provider, which plays a system outside: nothing but it reads or writes this table.
create table simulated_payments (
  id uuid primary key,
  currency text not null default '',
  amount_minor bigint not null default 0,
  state text not null check (state in ('pending', 'authorized', 'captured', 'declined', 'voided', 'refunded')),
  -- What a pending payment becomes at `settles_at`.
  outcome text not null default '',
  settles_at timestamptz
);
