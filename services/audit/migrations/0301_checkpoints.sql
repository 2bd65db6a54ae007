-- The signed ends of the log that were published. Nothing is decided by them: their copies elsewhere are what counts.
create table audit_checkpoints (
  sequence bigint primary key,
  hash bytea not null check (length(hash) = 32),
  signature text not null,
  at timestamptz not null default clock_timestamp()
);
