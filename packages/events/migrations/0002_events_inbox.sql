-- What each consumer has handled: written in the transaction of its effect, so a redelivered event has no second one
-- (truth 5).
--
-- `day` is the UTC day of the event's own time, not of its arrival: a redelivery days later meets the same partition and
-- the same primary key, so "once" is held by one unique index lookup, also over midnight and between two processes.
create table inbox (
  day date not null,
  consumer text not null,
  event_id uuid not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (day, consumer, event_id)
) partition by range (day);

-- Events dated outside the days there are (replayed very late, or by a clock that is wrong) are remembered here.
create table inbox_other partition of inbox default;

-- Makes the partitions from `first` to `last` that are missing.
-- Locks: inbox_other exclusively, and inbox only against other changes of its partitions: inserts into days go on.
create function create_inbox_days(first date, last date) returns void language plpgsql as $$
declare
  d date;
  part text;
begin
  perform pg_advisory_xact_lock(hashtext('holdfast inbox days'));
  for d in select generate_series(first, last, interval '1 day')::date loop
    part := 'inbox_' || to_char(d, 'YYYYMMDD');
    if to_regclass(part) is null then
      lock table inbox_other in access exclusive mode;
      execute format('create table %I (like inbox including all)', part);
      execute format('with moved as (delete from inbox_other where day = %L returning *) insert into %I select * from moved', d, part);
      execute format('alter table inbox attach partition %I for values from (%L) to (%L)', part, d, d + 1);
    end if;
  end loop;
end
$$;

-- Drops the partitions of days before `oldest`, and what else is as old.
-- Locks: inbox exclusively for a moment, when there is something to drop.
create function drop_inbox_days(oldest date) returns void language plpgsql as $$
declare
  part text;
begin
  perform pg_advisory_xact_lock(hashtext('holdfast inbox days'));
  for part in
    select relid::text from pg_partition_tree('inbox')
    where isleaf and relid::text ~ '^inbox_[0-9]{8}$' and relid::text < 'inbox_' || to_char(oldest, 'YYYYMMDD')
  loop
    execute format('drop table %I', part);
  end loop;
  delete from inbox_other where received_at < oldest;
end
$$;
