-- The embedded event log: topics of messages in order, and how far each group has read.
create table topics (
  id integer generated always as identity primary key,
  name text not null unique,
  next_offset bigint not null default 0
);

create table messages (
  topic_id integer not null references topics,
  "offset" bigint not null,
  key text not null,
  value text not null,
  headers json not null,
  at timestamptz not null,
  primary key (topic_id, "offset")
);

create table group_offsets (
  group_name text not null,
  topic text not null,               -- by name: a group may wait for a topic that has no message yet
  next_offset bigint not null,       -- all before it are done
  primary key (group_name, topic)
);

-- Appends messages, each to its topic, in the order given; one call is one transaction, so all of them or none.
-- Locks: the topics' rows, sorted by name, until the commit. So offsets become visible in their order, and a reader that
-- sees one has seen all below it. VOLATILE: the statements after the lock see what was committed before it was given.
create function append_messages(p_topics text[], p_keys text[], p_values text[], p_headers text[]) returns void
language plpgsql volatile as $$
declare
  names text[];
begin
  select array_agg(distinct t order by t) into names from unnest(p_topics) as t;

  insert into topics (name)
  select n from unnest(names) as n where not exists (select from topics where name = n) order by n
  on conflict do nothing;

  perform from topics where name = any (names) order by name for update;

  insert into messages (topic_id, "offset", key, value, headers, at)
  select t.id, t.next_offset + row_number() over (partition by m.topic order by m.n) - 1, m.key, m.value, m.headers::json, clock_timestamp()
  from unnest(p_topics, p_keys, p_values, p_headers) with ordinality as m (topic, key, value, headers, n)
  join topics t on t.name = m.topic;

  update topics t set next_offset = t.next_offset + c.count
  from (select topic, count(*) as count from unnest(p_topics) as topic group by topic) as c
  where t.name = c.topic;

  perform pg_notify('holdfast_log', n) from unnest(names) as n;
end
$$;
