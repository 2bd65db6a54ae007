-- A part of a reservation that was checked out by itself (decision 034): of which, and since when its units are reserved, which is what
-- the longest lifetime is counted from. Null: it was made as it is.
alter table reservations add column parent_id uuid, add column born_at timestamptz;
alter table archived_reservations add column parent_id uuid, add column born_at timestamptz;

-- As in 0110, with the new column; it is said only where there is one.
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
    'version', version, 'linesVersion', r.lines_version, 'parentId', r.parent_id))
$$;
