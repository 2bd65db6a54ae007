-- What is told to people by e-mail. One row for each thing that may be told of, so a redelivered event makes no second
-- notice, and an older one changes nothing.
create table notices (
  kind text not null check (kind in ('ORDER_CONFIRMED', 'RESERVATION_LAPSING')),
  -- The order's or the reservation's id.
  subject text not null,
  -- Of the order or reservation, from the event that decided last.
  version bigint not null,
  status text not null check (status in ('WAITING', 'SENT', 'DROPPED')),
  user_id text not null,
  -- What the text is made from.
  content json not null,
  send_at timestamptz(3) not null,
  -- From then on it is of no use to anybody.
  useless_at timestamptz(3) not null,
  tries integer not null default 0,
  -- Why it was dropped, or the last try failed.
  problem text not null default '',
  changed_at timestamptz not null default clock_timestamp(),
  primary key (kind, subject)
) with (fillfactor = 80);

create index notices_due on notices (send_at) where status = 'WAITING';
create index notices_old on notices using brin (changed_at) with (autosummarize = on);
