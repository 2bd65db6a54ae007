/** A row as ReservationRow: every statement that reads reservations selects these. */
export const reservationColumns = `
  id, user_id as "userId", status, fingerprint, lines, expires_at as "expiresAt", ttl_seconds as "ttlSeconds",
  created_at as "createdAt", updated_at as "updatedAt", version, hold_version as "holdVersion", lines_version as "linesVersion", fills,
  parent_id as "parentId", born_at as "bornAt",
  expires_at <= clock_timestamp() as due`
