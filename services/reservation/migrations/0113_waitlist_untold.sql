-- Since when the number of units that wait is one that inventory has not been told; of no meaning while it has been.
alter table waitlist_lines add column untold_since timestamptz not null default clock_timestamp();
