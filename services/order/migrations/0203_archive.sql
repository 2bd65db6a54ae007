-- Orders, their payments and what was given back are business records and stay. They are found by key, and what is yet to be
-- done by partial indexes of the few rows that are open, so their number is no cost. Only the memory of idempotency keys
-- goes.

-- An order is written again some three times at its beginning (filled, looked at, confirmed), a payment attempt with each
-- step. What these move stands in indexes (whether it is PENDING, its total, its lease), so they are not HOT; but with room
-- in the page the new version stays beside the old one and dirties no second page.
--
-- Vacuum by count more than by share: each look and each end leaves a dead entry at the front of orders_to_look_at, where
-- the next look begins. The same for the leases of payments.
alter table orders set (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 5000,
                        autovacuum_analyze_scale_factor = 0.02);
alter table payment_attempts set (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 5000,
                                  autovacuum_analyze_scale_factor = 0.02);
alter table return_tasks set (autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 1000);

-- Which keys are old. Entries are added at the right edge, by the clock.
create index operations_by_age on operations (at);
