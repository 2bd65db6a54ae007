-- What sweepers have in hand: one row for a batch. A mark on each reservation instead would write every one of them anew, in
-- all their indexes, only to say that somebody is about to end it.
create table sweep_claims (
  id uuid primary key default gen_random_uuid(),
  reservations uuid[] not null,
  -- A sweeper that dies with a claim keeps others from it until then.
  until timestamptz not null
);

-- Claims ACTIVE reservations whose time is past, the oldest first, without those that another claim has; no row: nothing is
-- due. A claim shares the work and decides nothing: what is claimed twice is ended once all the same, under its lock.
-- Locks: one advisory lock, until the commit that follows at once, so that each claim sees those before it.
create function claim_due(p_limit integer, p_claim_ms float8) returns table (claim uuid, ids uuid[])
language plpgsql volatile
-- With the arrays as constants their members are found by hash; and along the index from the oldest on until there are
-- enough, whatever the statistics say of a table that fills and empties.
set plan_cache_mode = force_custom_plan
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
  v_now timestamptz;
  v_taken uuid[];
begin
  perform pg_advisory_xact_lock(hashtext('holdfast sweep claims'));
  v_now := clock_timestamp();
  delete from sweep_claims c where c.until <= v_now;
  v_taken := array(select unnest(c.reservations) from sweep_claims c);
  ids := array(
    select r.id from reservations r
    where r.status = 'ACTIVE' and r.sweep_after <= v_now and r.id <> all (v_taken)
    order by r.sweep_after
    limit p_limit);
  if cardinality(ids) = 0 then return; end if;
  insert into sweep_claims (reservations, until) values (ids, v_now + p_claim_ms * interval '1 millisecond') returning id into claim;
  return next;
end
$$;

-- How long until there is something to claim, in ms; null: nothing is there that could be. Locks nothing.
create function ms_until_due() returns float8
language plpgsql stable
set plan_cache_mode = force_custom_plan
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
  v_taken constant uuid[] := array(select unnest(c.reservations) from sweep_claims c);
  v_next timestamptz;
begin
  select r.sweep_after into v_next from reservations r
  where r.status = 'ACTIVE' and r.id <> all (v_taken)
  order by r.sweep_after limit 1;
  return 1000 * extract(epoch from least(v_next, (select min(c.until) from sweep_claims c)) - clock_timestamp());
end
$$;

-- proto3 JSON of holdfast.reservation.v1.Reservation, as its events carry it; what an event changes is given beside the row.
create function reservation_json(
  r reservations, status text, expires_at timestamptz, updated_at timestamptz, version integer
) returns json
language sql stable as $$
  select json_build_object(
    'id', r.id, 'userId', r.user_id, 'status', status, 'lines', r.lines,
    'expiresAt', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'ttlSeconds', r.ttl_seconds,
    'createdAt', to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'updatedAt', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'version', version)
$$;

-- The adopt rule for the one answer that comes by the thousand: the holds of these reservations are EXPIRED. Those that are
-- still ACTIVE become EXPIRED, each with its event, without their going to the service and back. Answers how many did.
-- Locks: the reservations, by id; the events' places in the outbox are drawn behind these locks.
create function expire_reservations(
  p_ids uuid[], p_expires_at timestamptz[], p_hold_versions integer[],
  p_type text, p_topic text, p_audit boolean, p_actor_id text, p_actor_role text, p_request_id text, p_traceparent text
) returns integer
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  v_now timestamptz;
  v_expired integer;
begin
  perform from reservations r where r.id = any (p_ids) order by r.id for no key update;
  -- As finely as events tell it.
  v_now := date_trunc('milliseconds', clock_timestamp());
  with ended as (
    update reservations r
    set status = 'EXPIRED', expires_at = b.ended_at, hold_version = b.ended_version, version = r.version + 1, updated_at = v_now
    from (
      select n.id, n.ended_at, n.ended_version, k.expires_at, k.updated_at
      from unnest(p_ids, p_expires_at, p_hold_versions) as n (id, ended_at, ended_version)
      join reservations k on k.id = n.id
      where k.status = 'ACTIVE'
    ) b
    where r.id = b.id
    returning r, b.expires_at as was_expires_at, b.updated_at as was_updated_at
  )
  insert into outbox (type, topic, key, subject, aggregate_version, audit, actor_id, actor_role, request_id, traceparent, data)
  select p_type, p_topic, (e.r).id, (e.r).id, (e.r).version, p_audit, p_actor_id, p_actor_role, p_request_id, p_traceparent,
         json_build_object(
           'before', reservation_json(e.r, 'ACTIVE', e.was_expires_at, e.was_updated_at, (e.r).version - 1),
           'after', reservation_json(e.r, 'EXPIRED', (e.r).expires_at, (e.r).updated_at, (e.r).version))
  from ended e
  order by (e.r).id;
  get diagnostics v_expired = row_count;
  return v_expired;
end
$$;
