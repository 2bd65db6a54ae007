-- A message's type in a column of its own: a reader that wants some types takes no headers apart to find them. Messages that an
-- older process appends have none, and are looked at as before.
alter table messages add column type text;

-- Appends messages, each to its topic, in the order given; one call is one transaction, so all of them or none.
-- Locks: the topics' rows, sorted by name, until the commit. So offsets become visible in their order, and a reader that
-- sees one has seen all below it. VOLATILE: what follows the lock sees what was committed before it was given.
create function append_messages(p_topics text[], p_keys text[], p_types text[], p_values text[], p_headers text[]) returns void
language plpgsql volatile as $$
declare
  t record;
  v_now timestamptz;
  v_count bigint;
begin
  insert into topics (name)
  select n from (select distinct n from unnest(p_topics) as n) as d where not exists (select from topics where name = n) order by n
  on conflict do nothing;

  for t in select id, name, next_offset from topics where name = any (p_topics) order by name for update loop
    v_now := clock_timestamp();
    if t.name = all (p_topics) then
      -- As a rule: then nothing has to be numbered anew.
      insert into messages (topic_id, "offset", key, type, value, headers, at)
      select t.id, t.next_offset + m.n - 1, m.key, m.type, m.value, m.headers::json, v_now
      from unnest(p_keys, p_types, p_values, p_headers) with ordinality as m (key, type, value, headers, n);
    else
      insert into messages (topic_id, "offset", key, type, value, headers, at)
      select t.id, t.next_offset + row_number() over (order by m.n) - 1, m.key, m.type, m.value, m.headers::json, v_now
      from unnest(p_topics, p_keys, p_types, p_values, p_headers) with ordinality as m (topic, key, type, value, headers, n)
      where m.topic = t.name;
    end if;
    get diagnostics v_count = row_count;
    update topics set next_offset = next_offset + v_count where id = t.id;
    -- Of the topic alone; a name may be longer than a channel's.
    perform pg_notify('holdfast_log_' || md5(t.name), '');
  end loop;
end
$$;
