create table shelf (sku text primary key);
insert into shelf values ('CAMERA001');
