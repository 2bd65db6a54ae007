-- Admins list everybody's by how they ended, newest first; by age alone the list would wade through all that is ACTIVE, a
-- million of them. Nothing is written here when a reservation is made, only when it ends.
create index reservations_ended_by_age on reservations (status, created_at desc, id desc) where status <> 'ACTIVE';
