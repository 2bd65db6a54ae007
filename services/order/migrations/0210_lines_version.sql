-- The lines of a reservation may change (decision 034). An order is priced from one version of them, the first unless it says otherwise;
-- a payment is for that one, 0 where it was begun before there were any.
alter table orders add column lines_version integer not null default 1;
alter table payment_attempts add column lines_version integer not null default 0;
