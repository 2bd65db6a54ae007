-- Access tokens carry the generation that the user had when they were given; older generations are ended.
alter table users add column token_generation integer not null default 0;
-- When it grew last: longer ago than a token lives, there is none of an older one.
alter table users add column tokens_ended_at timestamptz;
create index users_by_tokens_ended on users (tokens_ended_at) where tokens_ended_at is not null;
