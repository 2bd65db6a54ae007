-- The data is written once and read once, as text: taking it apart into jsonb and putting it together again was for nothing.
alter table outbox alter column data type json using data::json;
