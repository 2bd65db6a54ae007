/** Each check recomputes one of the truths from what it is made of; all of a pass read one snapshot. */
export interface Check {
  kind: string
  /** Rows (id, expected, found) that differ. */
  sql: string
}

export const countRows = `
  select (select count(*) from products) as products, (select count(*) from stock_levels) as "stockLevels",
         (select count(*) from shipment_lines) as "shipmentLines", (select count(*) from holds) as holds, (select count(*) from hold_lines) as "holdLines", (select count(*) from ledger) as "ledgerEntries"`

export const countArchivedRows = `
  select (select count(*) from archived_holds) as "archivedHolds", (select count(*) from archived_hold_lines) as "archivedHoldLines",
         (select count(*) from archived_ledger) as "archivedLedgerEntries"`

export const checks: Check[] = [
  {
    // Truth 1; the CHECK of the table says it too, unless somebody took it away.
    kind: 'bounds',
    sql: `select sku || '/' || warehouse as id, '0 <= reserved <= on_hand' as expected, reserved || ' of ' || on_hand as found
          from stock_levels where not (0 <= reserved and reserved <= on_hand)`,
  },
  {
    // A damaged unit is nobody's.
    kind: 'withheld',
    sql: `select sku || '/' || warehouse as id, 'reserved + damaged + quality <= on_hand' as expected,
                 reserved || ' + ' || damaged || ' + ' || quality || ' of ' || on_hand as found
          from stock_levels where reserved + damaged + quality > on_hand`,
  },
  ...(['damaged', 'quality', 'incoming'] as const).map((account) => ({
    // Each account of a level is what entered it without what left it; archived movements are sales, which concern none of these.
    kind: account,
    sql: `select coalesce(s.sku, m.sku) || '/' || coalesce(s.warehouse, m.warehouse) as id,
                 coalesce(m.units, 0)::text as expected, coalesce(s.${account}, 0)::text as found
          from stock_levels s
          full join (select sku, warehouse, sum(case when to_account = '${account.toUpperCase()}' then quantity else -quantity end) as units
                     from ledger where '${account.toUpperCase()}' in (from_account, to_account) group by sku, warehouse) m
            on m.sku = s.sku and m.warehouse = s.warehouse
          where coalesce(s.${account}, 0) <> coalesce(m.units, 0)`,
  })),
  {
    // Expected = received + written off + open is a CHECK; here each of them is what the ledger says.
    kind: 'shipment_line',
    sql: `select coalesce(l.id, g.id) || '/' || coalesce(l.sku, g.sku) as id, coalesce(g.units, 'nothing') as expected,
                 coalesce(l.units, 'nothing') as found
          from (select shipment_id::text as id, sku, expected || ' expected, ' || received || ' received, ' || written_off || ' written off' as units
                from shipment_lines) l
          full join (select reference as id, sku,
                            coalesce(sum(quantity) filter (where kind = 'EXPECTED'), 0) || ' expected, '
                            || coalesce(sum(quantity) filter (where kind = 'RECEIPT'), 0) || ' received, '
                            || coalesce(sum(quantity) filter (where kind = 'WRITE_OFF'), 0) || ' written off' as units
                     from ledger where 'INCOMING' in (from_account, to_account) group by reference, sku) g
            on g.id = l.id and g.sku = l.sku
          where l.units is distinct from g.units`,
  },
  {
    // What was taken out without a hold is what the ledger says.
    kind: 'allocation',
    sql: `select coalesce(a.reference, g.reference) as id, coalesce(g.units, 0)::text as expected, coalesce(a.units, 0)::text as found
          from (select reference, sku, warehouse, sum(quantity) as units from allocation_lines group by reference, sku, warehouse) a
          full join (select reference, sku, warehouse, sum(quantity) as units from ledger where kind = 'ALLOCATION'
                     group by reference, sku, warehouse) g
            on g.reference = a.reference and g.sku = a.sku and g.warehouse = a.warehouse
          where coalesce(a.units, 0) <> coalesce(g.units, 0)`,
  },
  {
    // Open as long as something of it is on the way.
    kind: 'shipment',
    sql: `select s.id::text as id, case when l.open > 0 then 'OPEN' else 'RECEIVED or CANCELLED' end as expected, s.state as found
          from shipments s
          join lateral (select coalesce(sum(open), 0) as open from shipment_lines where shipment_id = s.id) l on true
          where (l.open > 0) <> (s.state = 'OPEN')`,
  },
  {
    // Units of holds and of what was sold that are not there yet.
    kind: 'promised',
    sql: `select coalesce(s.sku, l.sku) || '/' || coalesce(s.warehouse, l.warehouse) as id,
                 coalesce(l.units, 0)::text as expected, coalesce(s.promised, 0)::text as found
          from stock_levels s
          full join (select l.sku, l.warehouse, sum(l.promised) as units from hold_lines l join holds h on h.id = l.hold_id
                     where l.promise_place is not null and h.state in ('HELD', 'COMMITTED') group by l.sku, l.warehouse) l
            on l.sku = s.sku and l.warehouse = s.warehouse
          where coalesce(s.promised, 0) <> coalesce(l.units, 0)`,
  },
  {
    // What is promised has a place among the promises, until it is there or will not come: the hold was given back, or returned.
    kind: 'promise',
    sql: `select l.hold_id || '/' || l.line as id, case when h.lives then 'a place' else 'no place' end as expected,
                 case when l.promise_place is null then 'no place' else 'place ' || l.promise_place end as found
          from hold_lines l
          join lateral (
            select fills, state = 'HELD' or (state = 'COMMITTED' and not exists (select from returns r where r.hold_id = holds.id)) as lives
            from holds where id = l.hold_id
          ) h on true
          where l.promised > 0 and ((h.lives <> (l.promise_place is not null)) or h.fills is null)`,
  },
  {
    // Units that were sold when they arrived: each fill left the ledger once.
    kind: 'fill',
    sql: `select coalesce(f.id, g.id) as id, coalesce(f.units, 0)::text as expected, coalesce(g.units, 0)::text as found
          from (select hold_id::text as id, sum(quantity) as units from fills where sold and exists (select from holds h where h.id = hold_id)
                group by hold_id) f
          full join (select g.reference as id, sum(g.quantity) as units from ledger g join holds h on h.id::text = g.reference
                     where g.kind = 'SALE' and h.fills is not null and g.at <> h.ended_at group by g.reference) g on g.id = f.id
          where coalesce(f.units, 0) <> coalesce(g.units, 0)`,
  },
  {
    kind: 'reserved',
    sql: `select coalesce(s.sku, l.sku) || '/' || coalesce(s.warehouse, l.warehouse) as id,
                 coalesce(l.units, 0)::text as expected, coalesce(s.reserved, 0)::text as found
          from stock_levels s
          full join (select l.sku, l.warehouse, sum(l.quantity - l.promised) as units from hold_lines l join holds h on h.id = l.hold_id
                     where h.state = 'HELD' group by l.sku, l.warehouse) l
            on l.sku = s.sku and l.warehouse = s.warehouse
          where coalesce(s.reserved, 0) <> coalesce(l.units, 0)`,
  },
  {
    // The movements, on top of the opening balance that the archived ones left.
    kind: 'on_hand',
    sql: `select coalesce(s.sku, m.sku) || '/' || coalesce(s.warehouse, m.warehouse) as id,
                 coalesce(m.units, 0)::text as expected, coalesce(s.on_hand, 0)::text as found
          from stock_levels s
          full join (select sku, warehouse, sum(units) as units
                     from (select sku, warehouse, sum(delta) as units from ledger group by sku, warehouse
                           union all select sku, warehouse, units from ledger_openings) g
                     group by sku, warehouse) m
            on m.sku = s.sku and m.warehouse = s.warehouse
          where coalesce(s.on_hand, 0) <> coalesce(m.units, 0)`,
  },
  {
    // The copies in the lines that find due units.
    kind: 'hold_line',
    sql: `select l.hold_id || '/' || l.line as id,
                 coalesce(h.state || ' until ' || h.expires_at || ', made ' || h.created_at, 'a hold') as expected,
                 case when l.held then 'held' else 'not held' end || ' until ' || l.expires_at || ', made ' || l.created_at as found
          from hold_lines l left join holds h on h.id = l.hold_id
          where h.id is null or l.created_at <> h.created_at or l.held <> (h.state = 'HELD') or (l.held and l.expires_at <> h.expires_at)`,
  },
  {
    // What shoppers have of products that have a limit, by the lines of their holds; those of the archive do not change.
    kind: 'claim',
    sql: `select coalesce(l.id, c.id) as id, coalesce(l.units, 0)::text as expected, coalesce(c.units, 0)::text as found
          from (select x.hold_id || '/' || x.sku as id, sum(x.units) as units
                from (select l.hold_id, l.sku, l.quantity as units from hold_lines l join products p on p.sku = l.sku and p.most_per_shopper is not null
                      union all
                      select * from (select distinct on (l.hold_id, l.bundle, l.price_minor, l.currency) l.hold_id, l.bundle, l.bundle_units
                                     from hold_lines l join products p on p.sku = l.bundle and p.most_per_shopper is not null) b) x
                join holds h on h.id = x.hold_id
                where h.state in ('HELD', 'COMMITTED') and not exists (select from returns r where r.hold_id = h.id)
                group by x.hold_id, x.sku) l
          full join (select c.hold_id || '/' || c.sku as id, c.units from shopper_claims c
                     join products p on p.sku = c.sku and p.most_per_shopper is not null
                     join holds h on h.id = c.hold_id
                     where h.state in ('HELD', 'COMMITTED') and not exists (select from returns r where r.hold_id = h.id)) c on c.id = l.id
          where coalesce(l.units, 0) <> coalesce(c.units, 0)`,
  },
  {
    kind: 'hold_without_lines',
    sql: `select h.id::text as id, 'lines' as expected, 'none' as found from holds h
          where h.owner <> '' and not exists (select from hold_lines l where l.hold_id = h.id)`,
  },
  {
    kind: 'hold_expiry',
    sql: `select id::text as id, greatest(base_expires_at, protected_until)::text as expected, expires_at::text as found
          from holds where state = 'HELD' and expires_at <> greatest(base_expires_at, protected_until)`,
  },
  {
    kind: 'hold_end',
    sql: `select id::text as id, case when state = 'HELD' then 'no end' else 'an end' end as expected,
                 coalesce(ended_at::text, 'none') as found
          from holds where (state = 'HELD') <> (ended_at is null)`,
  },
  {
    // Each committed hold left the ledger exactly once.
    kind: 'sale',
    sql: `select coalesce(h.id, g.id) as id, coalesce(h.units, 0)::text as expected, coalesce(g.units, 0)::text as found
          from (select h.id::text as id, sum(l.quantity - l.promised) as units from holds h join hold_lines l on l.hold_id = h.id
                where h.state = 'COMMITTED' group by h.id) h
          full join (select reference as id, -sum(delta) as units from ledger where kind = 'SALE' group by reference) g on g.id = h.id
          where coalesce(h.units, 0) <> coalesce(g.units, 0)`,
  },
]

/** Of the archive, which only a check that asks for it goes through: nothing there changes. */
export const archiveChecks: Check[] = [
  {
    kind: 'opening',
    sql: `select coalesce(o.sku, m.sku) || '/' || coalesce(o.warehouse, m.warehouse) as id,
                 coalesce(m.units, 0)::text as expected, coalesce(o.units, 0)::text as found
          from ledger_openings o
          full join (select sku, warehouse, sum(delta) as units from archived_ledger group by sku, warehouse) m
            on m.sku = o.sku and m.warehouse = o.warehouse
          where coalesce(o.units, 0) <> coalesce(m.units, 0)`,
  },
  {
    kind: 'archived_hold',
    sql: `select h.id::text as id, 'ended, with lines' as expected,
                 h.state || case when h.ended_at is null then ' without an end' else '' end as found
          from archived_holds h
          where h.state = 'HELD' or h.ended_at is null
             or (h.owner <> '' and not exists (select from archived_hold_lines l where l.hold_id = h.id))`,
  },
  {
    kind: 'archived_hold_line',
    sql: `select l.hold_id || '/' || l.line as id, 'not held, of a hold' as expected,
                 case when l.held then 'held' else 'not held' end || case when h.id is null then ', no hold' else '' end as found
          from archived_hold_lines l left join archived_holds h on h.created_at = l.created_at and h.id = l.hold_id
          where h.id is null or l.held`,
  },
  {
    kind: 'archived_sale',
    sql: `select coalesce(h.id, g.id) as id, coalesce(h.units, 0)::text as expected, coalesce(g.units, 0)::text as found
          from (select h.id::text as id, sum(l.quantity - l.promised) as units from archived_holds h join archived_hold_lines l on l.hold_id = h.id
                where h.state = 'COMMITTED' group by h.id) h
          full join (select reference as id, -sum(delta) as units from archived_ledger group by reference) g on g.id = h.id
          where coalesce(h.units, 0) <> coalesce(g.units, 0)`,
  },
]
