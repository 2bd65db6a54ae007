-- Providers that answer later (decision 036). WAITING: the provider has the payment and has not decided; nobody drives it, and its lease says when it
-- is looked at all the same.
alter table payment_attempts drop constraint payment_attempts_check;
alter table payment_attempts add constraint payment_attempts_check
  check ((ended_at is null) = (state in ('STARTED', 'AUTHORIZING', 'WAITING', 'AUTHORIZED', 'COMMITTED', 'VOIDING')));

-- A callback came and nobody has asked the provider since.
alter table payment_attempts add column called_back boolean not null default false;
-- How many came: the version of what is told of them.
alter table payment_attempts add column callbacks integer not null default 0;

-- Callbacks by the provider's own id, for as long as it may repeat them.
create table payment_callbacks (
  provider text not null,
  id text not null,
  attempt_id uuid not null references payment_attempts,
  -- What it said.
  state text not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (provider, id)
);

create index payment_callbacks_by_age on payment_callbacks (received_at);

-- Attempts that ended without money, and of which a callback said something since: whatever the provider has taken is given back.
create table late_payments (
  attempt_id uuid primary key references payment_attempts,
  context jsonb not null,
  tries integer not null default 0,
  run_at timestamptz not null default clock_timestamp(),
  done_at timestamptz
);

create index late_payments_due on late_payments (run_at) where done_at is null;
