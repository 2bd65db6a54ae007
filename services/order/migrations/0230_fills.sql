-- How often units that were backordered have arrived for its hold, as last taken over: of which state `backordered` of its lines is (decision 034).
alter table orders add column fills integer not null default 0;
