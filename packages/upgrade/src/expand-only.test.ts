import { findContractions } from './expand-only'
import { Schema } from './schema'

let released: Schema
beforeEach(async () => {
  released = new Schema()
  await released.apply(`
    create table goods (id bigint primary key, name text not null, price bigint, constraint dear check (price > 0));
    create index goods_by_name on goods (name);
    create function price_of(p_id bigint, p_at timestamptz default now()) returns bigint language sql as $$ select 1 $$;
    create view cheap as select id from goods;
    create function note() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger noted after insert on goods execute function note();
  `)
})

const problems = async (sql: string) => (await findContractions(sql, released)).map(({ problem }) => problem)

test.each([
  ['a column', 'alter table goods drop column price', 'drops the column price of goods'],
  ['a type', 'alter table goods alter price type integer', 'changes the type of price of goods'],
  ['a value that was not needed', 'alter table goods alter price set not null', 'wants a value for price of goods'],
  ['a default', 'alter table goods alter price drop default', 'drops the default of price of goods'],
  [
    'a new column that must be filled',
    'alter table goods add column a text not null',
    'wants a value for the new column a, without a default of goods',
  ],
  [
    'the time in which a column is worked out for each row',
    'alter table goods add column twice bigint generated always as (price * 2) stored',
    'writes every row anew, while nobody else reads or writes, for the new column twice of goods',
  ],
  [
    'the time in which each row is given an id',
    'alter table goods add column tag uuid not null default gen_random_uuid()',
    'writes every row anew, while nobody else reads or writes, for the new column tag of goods',
  ],
  [
    'a constraint on what is there',
    'alter table goods add constraint short check (length(name) < 9)',
    'adds the constraint short of goods',
  ],
  ['a constraint that goes', 'alter table goods drop constraint dear', 'drops the constraint dear of goods'],
  ['a table', 'drop table if exists public.goods', 'drops the table goods'],
  ['an index', 'drop index goods_by_name', 'drops the index goods_by_name'],
  ['a view', 'drop view cheap', 'drops the view cheap'],
  ['a trigger', 'drop trigger noted on goods', 'drops the trigger noted on goods'],
  ['a function', 'drop function price_of(bigint, timestamp with time zone)', 'drops the function price_of(int8, timestamptz)'],
  ['a function by its name', 'drop function price_of', 'drops the function price_of(int8, timestamptz)'],
  ['the name of a column', 'alter table goods rename column price to cost', 'renames price to cost'],
  ['the name of a table', 'alter table goods rename to wares', 'renames goods to wares'],
  ['rows', 'delete from goods where id = 1', 'takes rows of goods away'],
  ['all rows', 'truncate goods', 'takes rows of goods away'],
  ['what it wrote', 'update goods set weight = 1, name = upper(name) where id = 1', 'changes name of goods'],
  ['what it wrote, several at once', 'update goods g set (weight, price) = (1, 2)', 'changes price of goods'],
  [
    'what it wrote, where a row is there already',
    "insert into goods (id, name) values (1, 'a') on conflict (id) do update set name = excluded.name",
    'changes name of goods',
  ],
  ['rows, on the way', 'with gone as (delete from goods returning *) select count(*) from gone', 'takes rows of goods away'],
  [
    'rows that go elsewhere',
    'with gone as (delete from goods returning id) insert into boxes select id from gone',
    'takes rows of goods away',
  ],
  [
    'what it wrote, on the way to an update',
    'with more as (update goods set price = 1 returning id) update goods set weight = 1 from more',
    'changes price of goods',
  ],
  ['twins', 'create unique index one_name on goods (name)', 'wants rows of goods to be unique (one_name)'],
  ['what nobody can see through', 'do $$ begin end $$', 'DoStmt: nobody has said what that is to the release before'],
])('taken from the release before: %s', async (_, sql, problem) => {
  expect(await problems(sql)).toEqual([problem])
})

test('what only adds is let through, and so is what the release before does not know of', async () => {
  const sql = `
    create table boxes (id bigint primary key);
    alter table boxes add column size integer not null, drop column id;
    drop table boxes;
    alter table goods add column box bigint, add column seen timestamptz not null default now(), add column weight integer not null default 0 check (weight >= 0);
    alter table goods add constraint whole check ((box is null) = (weight = 0)), drop column box;
    create unique index goods_by_box on goods (name, box) where box is not null;
    create index goods_by_price on goods (price);
    alter table goods alter price set default 1, set (fillfactor = 80);
    create or replace function price_of(p_id bigint, p_at timestamptz default now()) returns bigint language sql as $$ select 2 $$;
    create function price_of(p_name text) returns bigint language sql as $$ select 3 $$;
    drop function price_of(text);
    update goods set weight = 1;
    insert into goods (id, name) values (1, 'a') on conflict (id) do update set weight = 2;
    insert into goods (id, name) values (2, 'b') on conflict do nothing;
    with few as (select id from goods where price < 9), filled as (update goods set weight = 2 where id in (select id from few) returning id)
      insert into crates select id from filled;
    create table crates (id bigint);
    with gone as (delete from crates returning id) update crates set id = 2;
    create function tidy() returns void language sql begin atomic
      with gone as (delete from goods returning id) select count(*) from gone;
    end;
  `
  expect(await problems(sql)).toEqual([])
})

test('what goes with a reason goes, that statement alone, and the others are named with their lines', async () => {
  const sql = `-- A word about it.
-- contract: nothing reads it since 1.3.0
alter table goods drop column price;

-- Another word.
alter table goods drop column name;
`
  expect(await findContractions(sql, released)).toEqual([{ line: 6, problem: 'drops the column name of goods' }])
})
