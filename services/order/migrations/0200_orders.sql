-- An order belongs to one reservation, and a reservation to at most one order: a second checkout meets the first one's row.
create table orders (
  id uuid primary key,
  reservation_id uuid not null unique,
  user_id text not null,
  status text not null default 'PENDING'
    check (status in ('PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
  -- IN_PROGRESS is not kept: an order reads so while it has an open attempt.
  payment_status text not null default 'UNPAID'
    check (payment_status in ('UNPAID', 'SUCCEEDED', 'DECLINED', 'VOIDED', 'REFUND_PENDING', 'REFUNDED')),
  -- [{sku, warehouse, quantity, currency, amountMinor}], prices as they were when held.
  lines jsonb not null default '[]',
  -- Null while a placed order waits for its reservation: nobody has been told of it, and nobody sees it.
  currency text,
  total_minor bigint check (total_minor >= 0),
  -- 0 until the first event tells of it, then one more with each.
  version integer not null default 0,
  cancel_reason text not null default '',
  -- Of PlaceOrder's request; null when a checkout made the order.
  fingerprint text,
  -- Who asked for it: {actor, requestId, traceparent}.
  context jsonb not null,
  -- Who wants a PENDING order cancelled, noted before its stock is released: whoever records it records it in their name.
  cancel_context jsonb,
  -- When the lapse worker asks about it, while it is PENDING.
  look_at timestamptz not null,
  created_at timestamptz(3) not null default clock_timestamp(),
  updated_at timestamptz(3) not null default clock_timestamp(),
  check ((currency is null) = (total_minor is null)),
  check (status = 'PENDING' or total_minor is not null),
  check (status not in ('CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED') or payment_status = 'SUCCEEDED')
);

create index orders_by_user_created on orders (user_id, created_at, id);
create index orders_by_user_total on orders (user_id, total_minor, id);
create index orders_by_created on orders (created_at, id);
create index orders_by_total on orders (total_minor, id);
create index orders_to_look_at on orders (look_at) where status = 'PENDING';

-- One try to pay an order. Its id is the provider's idempotency key.
create table payment_attempts (
  id uuid primary key,
  order_id uuid not null references orders,
  state text not null default 'STARTED',
  currency text not null,
  amount_minor bigint not null,
  -- An error code, when it is not going to succeed.
  failure text,
  -- The process that drives it. Past `lease_until` the recovery worker may take it.
  driver uuid,
  lease_until timestamptz not null,
  -- How often it was given up for a while: the pause grows with it.
  tries integer not null default 0,
  -- Who asked for it: {actor, requestId, traceparent}.
  context jsonb not null,
  -- The idempotency key's operation, remembered when the attempt succeeds.
  operation_id uuid,
  operation_fingerprint text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  check ((ended_at is null) = (state in ('STARTED', 'AUTHORIZING', 'AUTHORIZED', 'COMMITTED', 'VOIDING')))
);

create index payment_attempts_by_order on payment_attempts (order_id, created_at);
create unique index payment_attempts_open on payment_attempts (order_id) where ended_at is null;
create unique index payment_attempts_open_operation on payment_attempts (operation_id) where ended_at is null;
create index payment_attempts_to_recover on payment_attempts (lease_until) where ended_at is null;

-- What a cancelled order still owes: its units back into stock, its money back. Repeated until done.
create table return_tasks (
  order_id uuid primary key references orders,
  -- The key by which stock is returned once.
  reference uuid not null,
  -- The payment to give back; null when nothing was taken.
  attempt_id uuid references payment_attempts,
  context jsonb not null,
  tries integer not null default 0,
  run_at timestamptz not null default clock_timestamp(),
  done_at timestamptz
);

create index return_tasks_due on return_tasks (run_at) where done_at is null;

-- Successes by idempotency key (truth 4); a placed order carries its own.
create table operations (
  id uuid primary key,
  fingerprint text not null,
  order_id uuid not null references orders,
  at timestamptz not null default clock_timestamp()
);
