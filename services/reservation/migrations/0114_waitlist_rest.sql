-- A line that was just served rests, however many levels change; and one that somebody has a reason to look at goes before those that only
-- the scan has made due.
alter table waitlist_lines add column served_at timestamptz, add column nudged boolean not null default false;

create index waitlist_lines_nudged on waitlist_lines (look_at) where nudged;
