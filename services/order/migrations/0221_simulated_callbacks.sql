-- The simulated provider's own, as simulated_payments: what it has to call back about, until somebody takes it.
create table simulated_callbacks (
  -- The webhook-id of the message.
  id text primary key,
  payment_id uuid not null,
  send_at timestamptz not null,
  tries integer not null default 0,
  sent_at timestamptz
);

create index simulated_callbacks_due on simulated_callbacks (send_at) where sent_at is null;

-- A payment that can't be stopped on its way, as a bank transfer.
alter table simulated_payments add column unstoppable boolean not null default false;
