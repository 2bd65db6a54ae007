-- Users, and the refresh tokens that they hold.
create table users (
  id uuid primary key,
  -- Trimmed and in lower case.
  email text not null unique,
  role text not null check (role in ('USER', 'ADMIN')),
  -- argon2id in PHC string format.
  password_hash text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Grows by one with each event of this user. Who changes anything of a user locks this row first.
  version bigint not null default 1
);

create table refresh_tokens (
  -- SHA-256: the token itself is known to its holder alone.
  token_hash bytea primary key,
  -- The tokens that came out of one login, each from the one before. A family that has ended is deleted.
  family_id uuid not null,
  user_id uuid not null references users (id) on delete cascade,
  issued_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  -- When it was exchanged for the next one.
  used_at timestamptz
);

create index refresh_tokens_of_family on refresh_tokens (family_id);
create index refresh_tokens_of_user on refresh_tokens (user_id, expires_at);
