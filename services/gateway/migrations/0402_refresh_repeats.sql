-- The next token is made of the one before and this salt: a repeat of the same refresh gets the same one.
alter table refresh_tokens add column successor_salt bytea;
-- The idempotency key of the refresh that used it.
alter table refresh_tokens add column used_key text;
