-- The lines of a reservation may change (decision 034): of which version of the hold's they are, as last taken over.
alter table reservations add column lines_version integer not null default 1;
alter table archived_reservations add column lines_version integer not null default 1;

-- As in 0102, with the new column.
create or replace function reservation_json(
  r reservations, status text, expires_at timestamptz, updated_at timestamptz, version integer
) returns json
language sql stable as $$
  select json_build_object(
    'id', r.id, 'userId', r.user_id, 'status', status, 'lines', r.lines,
    'expiresAt', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'ttlSeconds', r.ttl_seconds,
    'createdAt', to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'updatedAt', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'version', version, 'linesVersion', r.lines_version)
$$;
