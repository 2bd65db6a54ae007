-- Ten million ended reservations must not make the next one slower, and leave for the archive in the end.

-- A reservation is written again when it is extended, claimed by the sweeper, and ends. Each of these moves what an index
-- has (its time, or whether it is ACTIVE), so none is HOT; but with room in the page the new version stays beside the old
-- one and dirties no second page.
--
-- Vacuum by count more than by share: each claim of the sweeper and each end leaves a dead entry at the very front of
-- reservations_to_sweep, where the next claim begins. A share of ten million rows would be two million of them.
alter table reservations set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 10000,
                              autovacuum_analyze_scale_factor = 0.02);

-- What the archive takes next. Entries are added at the right edge, by the clock: one hot page, however many there are.
create index reservations_ended on reservations (updated_at, id) where status <> 'ACTIVE';
-- Its keys are forgotten with it.
create index operations_of_reservation on operations (reservation_id);

-- The archive, of the same columns (a column that is added to one is added to the other in the same migration: the move
-- takes all of them and fails if they differ). Written once, so its pages are full. By id it is read as before; and how
-- many of a user's identical requests have ended must not fall.
create table archived_reservations (like reservations, primary key (id));
create index archived_reservations_alike on archived_reservations (user_id, fingerprint);

-- Moves reservations that ended more than p_hours ago to the archive, oldest first from behind the place given, and forgets
-- the keys of their changes: one transaction, so a crash moves all of a batch or nothing.
-- Locks: the reservations, and waits for none (SKIP LOCKED), so that replicas share the work; nothing of the hot path wants
-- an ended one.
create function archive_reservations(p_hours integer, p_after_updated_at timestamptz, p_after_id uuid, p_limit integer)
returns table (looked integer, moved integer, last_updated_at text, last_id uuid)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  v_before constant timestamptz := clock_timestamp() - p_hours * interval '1 hour';
  v_found uuid[];
  v_ids uuid[];
begin
  select coalesce(array_agg(o.id order by o.updated_at, o.id), '{}'), count(*), (array_agg(o.updated_at::text order by o.updated_at, o.id))[count(*)]
  into v_found, looked, last_updated_at
  from (
    select r.id, r.updated_at from reservations r
    where r.status <> 'ACTIVE' and r.updated_at < v_before and (r.updated_at, r.id) > (p_after_updated_at, p_after_id)
    order by r.updated_at, r.id
    limit p_limit
    for update skip locked
  ) o;
  last_id := v_found[looked];

  delete from operations o where o.reservation_id = any (v_found);
  with gone as (
    delete from reservations r
    where r.id = any (v_found) and not exists (select from archived_reservations a where a.id = r.id)
    returning *
  ), kept as (
    insert into archived_reservations select * from gone
  )
  select count(*) into moved from gone;
  return next;
end
$$;
