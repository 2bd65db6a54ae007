-- Whoever waited is told that it is their turn; the subject is the waitlist entry's id.
alter table notices drop constraint notices_kind_check;
alter table notices add constraint notices_kind_check check (kind in ('ORDER_CONFIRMED', 'RESERVATION_LAPSING', 'WAITLIST_OFFERED'));
