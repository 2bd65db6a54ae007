-- How often units that were backordered have arrived for its hold, as last taken over: of which state `backordered` of its lines is (decision 034).
alter table reservations add column fills integer not null default 0;
alter table archived_reservations add column fills integer not null default 0;

-- As in 0111, with the new column; it is said only where there is something to say.
create or replace function reservation_json(
  r reservations, status text, expires_at timestamptz, updated_at timestamptz, version integer
) returns json
language sql stable as $$
  select json_strip_nulls(json_build_object(
    'id', r.id, 'userId', r.user_id, 'status', status, 'lines', r.lines,
    'expiresAt', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'ttlSeconds', r.ttl_seconds,
    'createdAt', to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'updatedAt', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'version', version, 'linesVersion', r.lines_version, 'parentId', r.parent_id, 'fills', nullif(r.fills, 0)))
$$;
