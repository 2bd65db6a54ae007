// Written from the protos by npm run catalogue; not to be edited.

/** One of a closed list. */
export type ErrorCode = 'INVALID_ARGUMENT' | 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'NOT_FOUND' | 'METHOD_NOT_ALLOWED' | 'NOT_ACCEPTABLE' | 'ALREADY_EXISTS' | 'INSUFFICIENT_STOCK' | 'LIMIT_EXCEEDED' | 'RESERVATION_EXPIRED' | 'RESERVATION_NOT_ACTIVE' | 'ILLEGAL_TRANSITION' | 'PAYMENT_IN_PROGRESS' | 'CONFLICT' | 'PRECONDITION_FAILED' | 'PAYLOAD_TOO_LARGE' | 'UNSUPPORTED_MEDIA_TYPE' | 'IDEMPOTENCY_KEY_REUSED' | 'PAYMENT_DECLINED' | 'RATE_LIMITED' | 'OVERLOADED' | 'UNAVAILABLE' | 'DEADLINE_EXCEEDED' | 'UNIMPLEMENTED' | 'INTERNAL'

/** A body that is sent as it is, again where a call is tried again. */
export type FileBody = string | Blob

export interface ActivityBucket {
  start?: string
  figures?: ActivityFigures
}

/** Amounts of money, by currency, that come to more than an int64 holds are shown as the most that it holds. */
export interface ActivityFigures {
  /** Made in this time. What has become of them, and of their share, is as of now, not of the end of this time. */
  reservationsCreated: string
  /** Units in them. */
  unitsReserved: string
  /** Of these reservations: sold, */
  reservationsCommitted: string
  /** given back, */
  reservationsCancelled: string
  /** lapsed, */
  reservationsExpired: string
  /** and still open. */
  reservationsActive: string
  /** committed / created, 0 to 1; absent when none was created. */
  conversionRate?: number | 'NaN' | 'Infinity' | '-Infinity'
  /** expired / created, 0 to 1; absent when none was created. */
  expiryRate?: number | 'NaN' | 'Infinity' | '-Infinity'
  /** Paid in this time, whenever they were placed. */
  ordersConfirmed: string
  /** Cancelled in this time, after they were paid. */
  ordersCancelled: string
  /** Of the orders confirmed; refunds are not taken off. */
  revenue: readonly (Money)[]
  /** Given back in this time. */
  refunds: readonly (Money)[]
}

/** Which audit records the figures are made of. */
export interface ActivityProjection {
  /** Grows by one with each rebuild. */
  generation: number
  /** Those from the first up to this one. */
  sequence: string
  /** The last record of the log. The same as `sequence`: the figures are up to date. */
  headSequence: string
}

export interface ActivitySku {
  sku: string
  /** In reservations made in this time, at a price of this currency. */
  unitsReserved: string
  /** In orders confirmed in this time; units that came back are not taken off. */
  unitsSold: string
  /** Of these units. */
  revenue?: Money
}

/** Who did something. */
export interface Actor {
  /** User id, or the service's name. */
  id: string
  /** - `SERVICE`: A service by itself, as the sweeper or the recovery worker. - `ANONYMOUS`: Nobody known yet, as at register and login. */
  role: 'ROLE_UNSPECIFIED' | 'USER' | 'ADMIN' | 'SERVICE' | 'ANONYMOUS'
}

export interface AdjustStockResponse {
  /** Absent when nothing had to move. */
  movement?: StockMovement
  level?: StockLevel
  requestId: string
  replayed: boolean
}

/** Units that were taken out without a hold. */
export interface Allocation {
  reference: string
  reason: string
  /** Each with the warehouse that it came from. */
  lines: readonly (AllocationLine)[]
  actor?: Actor
  createdAt?: string
}

export interface AllocationLine {
  sku: string
  /** In a request, when empty: the first warehouse that has all such lines. */
  warehouse: string
  quantity: number
}

export interface AllocationLineInput {
  sku?: string
  /** In a request, when empty: the first warehouse that has all such lines. */
  warehouse?: string
  quantity?: number
}

export interface AuditCheckpoint {
  /** Of the last record; 0 when there is none. */
  sequence: string
  /** Its hash; 64 zeros when there is none. */
  hash: string
  at?: string
  /** Says the same, signed with the audit service's own key: a JSON Web Signature (RFC 7515, compact, ES256) with the claims `sequence`, `hash` and `iat`. The key is the one of `audit` in SERVICE_PUBLIC_KEYS. */
  signature: string
}

export interface AuditRecord {
  /** 1, 2, 3, ... without a gap. */
  sequence: string
  /** When the change was made. */
  at?: string
  /** `<object>.<past tense>`, as `reservation.created`. */
  action: string
  actor?: Actor
  /** As `reservation`. */
  objectType: string
  objectId: string
  before?: Record<string, unknown>
  after?: Record<string, unknown>
  requestId: string
  /** SHA-256, hex. */
  hash: string
  /** The hash of the record before; 64 zeros for the first. */
  previousHash: string
  /** The event that it was made from. */
  eventId: string
}

/** Units of one SKU over all warehouses (those of the channel that was asked for), and in each; `available = on_hand - reserved - withheld`, due units counted as free. Where the waitlist goes first, what waits is withheld: `available` is what anybody else can have, of each warehouse by itself, so that their sum may be more. Of a bundle: how many its parts make up in each warehouse by itself, and their sum, as `on_hand` and `available`; the others are 0. */
export interface Availability {
  sku: string
  onHand: number
  reserved: number
  available: number
  warehouses: readonly (WarehouseAvailability)[]
  /** As in StockLevel. */
  withheld: number
  incoming: number
  /** Units that are promised, and not there yet. */
  promised: number
  /** Units that may still be promised beyond what is available. */
  backorderable: number
}

/** Units beyond stock are promised, to whoever came first first; what arrives in one warehouse is theirs before anybody else's. */
export interface BackorderPolicy {
  /** Units that may be promised and not there at once, 1 to 1,000,000. In an update, -1: no backorders from then on; what is promised stays so. */
  cap: number
  /** When they are expected; copied to what is promised from then on. It ends nothing: a cap of less does. */
  until?: string
  /** Whose arrivals are for them, MAIN when empty; another one only while nothing is promised elsewhere (ILLEGAL_TRANSITION). */
  warehouse: string
}

/** Units beyond stock are promised, to whoever came first first; what arrives in one warehouse is theirs before anybody else's. */
export interface BackorderPolicyInput {
  /** Units that may be promised and not there at once, 1 to 1,000,000. In an update, -1: no backorders from then on; what is promised stays so. */
  cap?: number
  /** When they are expected; copied to what is promised from then on. It ends nothing: a cap of less does. */
  until?: string
  /** Whose arrivals are for them, MAIN when empty; another one only while nothing is promised elsewhere (ILLEGAL_TRANSITION). */
  warehouse?: string
}

export interface BundlePart {
  /** No bundle itself. */
  sku: string
  /** Units in one bundle, 1 to 1,000. */
  quantity: number
}

export interface BundlePartInput {
  /** No bundle itself. */
  sku?: string
  /** Units in one bundle, 1 to 1,000. */
  quantity?: number
}

export interface CancelOrderResponse {
  order?: Order
  requestId: string
  replayed: boolean
}

export interface CancelReservationResponse {
  reservation?: Reservation
  requestId: string
  replayed: boolean
}

export interface CancelShipmentResponse {
  shipment?: Shipment
  requestId: string
  replayed: boolean
}

export interface ChangeReservationResponse {
  reservation?: Reservation
  requestId: string
  replayed: boolean
}

export interface CheckConsistencyResponse {
  consistent: boolean
  /** How many of each were looked at, by kind. `reservations` and `orders` only where those services were asked; then `underWay` is how many holds were in the middle of a change. */
  checked: Record<string, string>
  /** Up to 1,000. */
  differences: readonly (Difference)[]
  requestId: string
}

export interface CheckoutLine {
  sku?: string
  /** 1 to 1,000,000. */
  quantity: number
  /** When empty: from wherever the reservation has it. */
  warehouse?: string
}

export interface CheckoutResponse {
  order?: Order
  requestId: string
  replayed: boolean
}

export interface ConfirmOrderResponse {
  order?: Order
  requestId: string
  replayed: boolean
}

export interface CreateAllocationResponse {
  allocation?: Allocation
  requestId: string
  replayed: boolean
}

export interface CreateProductResponse {
  product?: Product
  requestId: string
  replayed: boolean
}

export interface CreateReservationResponse {
  reservation?: Reservation
  requestId: string
  replayed: boolean
}

export interface CreateSaleResponse {
  sale?: Sale
  requestId: string
  /** It was started by an earlier request with the same key. */
  replayed: boolean
}

export interface CreateSalesChannelResponse {
  channel?: SalesChannel
  requestId: string
  replayed: boolean
}

export interface CreateShipmentLine {
  sku?: string
  quantity?: number
}

export interface CreateShipmentResponse {
  shipment?: Shipment
  requestId: string
  replayed: boolean
}

export interface CreateWaitlistEntryResponse {
  entry?: WaitlistEntry
  requestId: string
  replayed: boolean
}

export interface CreateWarehouseResponse {
  warehouse?: Warehouse
  requestId: string
  replayed: boolean
}

export interface CreateWebhookEndpointResponse {
  endpoint?: WebhookEndpoint
  /** `whsec_` and 32 bytes in base64. Empty in a replay: it is told once; a lost one is rotated. */
  secret: string
  requestId: string
  replayed: boolean
}

export interface DeleteSalesChannelResponse {
  requestId: string
}

export interface DeleteWaitlistEntryResponse {
  entry?: WaitlistEntry
  requestId: string
  replayed: boolean
}

export interface DeleteWebhookEndpointResponse {
  requestId: string
}

export interface Difference {
  /** As `reserved`, `on_hand`, `hold_line`, `reservation`; docs/operations.md lists them. */
  kind: string
  /** The row, as `SKU/WAREHOUSE`, a hold's id (which is its reservation's), a hold's id and `/LINE`, or an order's id. */
  id: string
  expected: string
  found: string
}

export interface ExtendReservationResponse {
  reservation?: Reservation
  requestId: string
  replayed: boolean
}

export interface GetActivityResponse {
  /** The beginning of the first bucket and the end of the last one. */
  from?: string
  to?: string
  /** - `HOUR`: The default. - `DAY`: From midnight to midnight, UTC. */
  bucket: 'BUCKET_UNSPECIFIED' | 'MINUTE' | 'HOUR' | 'DAY'
  totals?: ActivityFigures
  /** In order, those in which nothing happened as well. */
  buckets: readonly (ActivityBucket)[]
  /** By currency, the first first; only those of which there is something. */
  topSkus: readonly (ActivitySku)[]
  projection?: ActivityProjection
  /** The one that is being made, and not shown yet; absent when there is none. */
  rebuilding?: ActivityProjection
  requestId: string
}

export interface GetAuditCheckpointResponse {
  checkpoint?: AuditCheckpoint
  requestId: string
}

export interface GetAuditRecordResponse {
  record?: AuditRecord
  requestId: string
}

export interface GetAvailabilityResponse {
  /** Each SKU once, in the order in which they are named first. */
  availability: readonly (Availability)[]
}

export interface GetMeResponse {
  user?: User
  requestId: string
}

export interface GetOrderResponse {
  order?: Order
  requestId: string
}

export interface GetProductResponse {
  product?: Product
  requestId: string
}

export interface GetReservationResponse {
  reservation?: Reservation
  requestId: string
}

export interface GetSaleResponse {
  sale?: Sale
  requestId: string
}

export interface GetSalesChannelResponse {
  channel?: SalesChannel
  requestId: string
}

export interface GetShipmentResponse {
  shipment?: Shipment
  requestId: string
}

export interface GetStockHistoryResponse {
  movements: readonly (StockMovement)[]
  nextPageToken: string
}

export interface GetWaitlistEntryResponse {
  entry?: WaitlistEntry
  requestId: string
}

export interface GetWebhookDeliveryResponse {
  delivery?: WebhookDelivery
  /** The body as it is sent. */
  payload: string
  requestId: string
}

export interface GetWebhookEndpointResponse {
  endpoint?: WebhookEndpoint
  requestId: string
}

export interface ImportProductsResponse {
  created: number
  changed: number
  /** Rows that say what is so already; they leave no record. */
  unchanged: number
  requestId: string
  replayed: boolean
}

export interface ImportStockResponse {
  changed: number
  /** Rows that say what is so already; they leave no record. */
  unchanged: number
  requestId: string
  replayed: boolean
}

export interface LineChange {
  sku?: string
  /** Units that are wanted in the end, 0 to 1,000,000; 0: none. Must be said. */
  quantity?: number
  /** When empty: all that it has of the SKU; more comes from a warehouse that it has units of. */
  warehouse?: string
}

export interface LineRequest {
  sku?: string
  /** 1 to 1,000,000. */
  quantity: number
  /** When empty: one that can fill the whole reservation, the first by priority; else, with `allow_split`, several. */
  warehouse?: string
}

export interface ListAuditRecordsResponse {
  records: readonly (AuditRecord)[]
  nextPageToken: string
}

export interface ListOrdersResponse {
  orders: readonly (Order)[]
  nextPageToken: string
}

export interface ListProductHoldsResponse {
  holds: readonly (ProductHold)[]
  /** Empty on the last page. */
  nextPageToken: string
  /** Inventory's clock, by which a hold lives or has lapsed; another one on each page. */
  now?: string
}

export interface ListProductWaitlistResponse {
  places: readonly (ProductWaitlistPlace)[]
  nextPageToken: string
}

export interface ListProductsResponse {
  products: readonly (Product)[]
  /** Empty on the last page. */
  nextPageToken: string
}

export interface ListReservationsResponse {
  reservations: readonly (Reservation)[]
  nextPageToken: string
}

export interface ListSalesChannelsResponse {
  channels: readonly (SalesChannel)[]
  /** Empty on the last page. */
  nextPageToken: string
}

export interface ListSalesResponse {
  sales: readonly (Sale)[]
  requestId: string
}

export interface ListShipmentsResponse {
  shipments: readonly (Shipment)[]
  /** Empty on the last page. */
  nextPageToken: string
}

export interface ListUsersResponse {
  users: readonly (User)[]
  nextPageToken: string
  requestId: string
}

export interface ListWaitlistEntriesResponse {
  entries: readonly (WaitlistEntry)[]
  nextPageToken: string
}

export interface ListWarehousesResponse {
  warehouses: readonly (Warehouse)[]
  /** Empty on the last page. */
  nextPageToken: string
}

export interface ListWebhookDeliveriesResponse {
  deliveries: readonly (WebhookDelivery)[]
  nextPageToken: string
}

export interface ListWebhookEndpointsResponse {
  endpoints: readonly (WebhookEndpoint)[]
  nextPageToken: string
}

export interface LoginResponse {
  user?: User
  accessToken: string
  refreshToken: string
  tokenType: string
  expiresIn: number
  requestId: string
}

export interface LogoutEverywhereResponse {
  requestId: string
}

export interface LogoutResponse {
  requestId: string
}

/** An amount in one currency. */
export interface Money {
  /** ISO 4217 code, three capital letters. */
  currency: string
  /** Whole minor units (cents). A string in JSON, as proto3 has it for int64; numbers are accepted. */
  amountMinor: string
}

/** An amount in one currency. */
export interface MoneyInput {
  /** ISO 4217 code, three capital letters. */
  currency?: string
  /** Whole minor units (cents). A string in JSON, as proto3 has it for int64; numbers are accepted. */
  amountMinor?: string | number
}

export interface MoveStockResponse {
  movement?: StockMovement
  level?: StockLevel
  requestId: string
  replayed: boolean
}

export interface Order {
  /** UUID. */
  id: string
  reservationId: string
  userId: string
  /** - `PENDING`: Waits for its payment. - `CONFIRMED`: Paid, its units are sold. */
  status: 'STATUS_UNSPECIFIED' | 'PENDING' | 'CONFIRMED' | 'PROCESSING' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED'
  /** - `UNPAID`: Nothing was tried yet. - `IN_PROGRESS`: An attempt is under way, or the provider has it and will call back. - `SUCCEEDED`: Captured. - `DECLINED`: The last attempt was declined; another token is another attempt. - `VOIDED`: Authorized, then given up before capture. */
  paymentStatus: 'PAYMENT_STATUS_UNSPECIFIED' | 'UNPAID' | 'IN_PROGRESS' | 'SUCCEEDED' | 'DECLINED' | 'VOIDED' | 'REFUND_PENDING' | 'REFUNDED'
  lines: readonly (OrderLine)[]
  total?: Money
  createdAt?: string
  updatedAt?: string
  /** Grows by one with each change. */
  version: number
  /** Why it was cancelled, when it was: `requested`, `reservation_expired`, `reservation_cancelled`. */
  cancelReason: string
}

export interface OrderLine {
  sku: string
  warehouse: string
  quantity: number
  /** As it was when reserved. */
  unitPrice?: Money
  /** Of a bundle: what of it comes from where, for all of its units. Its warehouse is that of all its parts, empty where they have several. */
  parts: readonly (OrderLinePart)[]
  /** Of the quantity: units that are promised, and not there yet. Of a bundle: those that lack some part. An order is not shipped with any. */
  backordered: number
  /** When they are expected, as the product said when they were reserved. */
  backorderUntil?: string
}

export interface OrderLinePart {
  sku: string
  warehouse: string
  quantity: number
  backordered: number
}

export interface PauseWebhookEndpointResponse {
  endpoint?: WebhookEndpoint
  requestId: string
  replayed: boolean
}

export interface PlaceOrderLine {
  sku?: string
  quantity?: number
  /** When empty: one that can fill the whole order, the first by priority; else, with `allow_split`, several. */
  warehouse?: string
}

export interface PlaceOrderResponse {
  order?: Order
  requestId: string
  replayed: boolean
}

export interface Product {
  /** ASCII `[A-Z0-9][A-Z0-9._-]{0,63}`, upper-cased on the way in. */
  sku: string
  name: string
  description: string
  price?: Money
  createdAt?: string
  updatedAt?: string
  /** Grows by one with each change. */
  version: number
  /** Units over all warehouses at which it is told to be low; 0: never, only out and back. Absent: as the notification service is set. */
  lowStockAt?: number
  /** What one of it is made of; then it is a bundle, and has no stock of its own. */
  parts: readonly (BundlePart)[]
  /** Units that one shopper may have, held or bought and kept; as part of a bundle, too. Absent: as inventory is set. */
  mostPerShopper?: number
  /** Units that wait on the waitlist are kept from everybody else. */
  waitlistFirst: boolean
  /** That it may be reserved beyond stock. Absent: only what is there. */
  backorder?: BackorderPolicy
}

/** What a hold has of one product in one warehouse. */
export interface ProductHold {
  /** UUID, the same as its reservation's. */
  holdId: string
  userId: string
  warehouse: string
  /** Units; `promised` among them. */
  quantity: number
  /** - `LAPSED`: Past its time, and not ended yet. */
  state: 'STATE_UNSPECIFIED' | 'LIVE' | 'LAPSED'
  createdAt?: string
  expiresAt?: string
  ageSeconds: number
  /** Below 0 where it has lapsed: for how long. */
  secondsLeft: number
  /** A payment is under way: only that can end it. */
  protected: boolean
  /** Units that are not there yet. */
  promised: number
  /** The SKU of the bundle that they are held as a part of, if any. */
  bundle: string
}

export interface ProductWaitlistPlace {
  entry?: WaitlistEntry
  /** Since it was made. */
  ageSeconds: number
}

export interface RebuildActivityResponse {
  /** Shown by GetActivity when it has caught up. */
  projection?: ActivityProjection
  requestId: string
  replayed: boolean
}

export interface ReceiptLine {
  sku?: string
  quantity?: number
  /** SELLABLE (also when not said), DAMAGED or QUALITY. */
  state?: 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'
}

export interface ReceiveShipmentResponse {
  shipment?: Shipment
  requestId: string
  replayed: boolean
}

export interface RefreshResponse {
  user?: User
  accessToken: string
  refreshToken: string
  tokenType: string
  expiresIn: number
  requestId: string
}

export interface RegisterResponse {
  user?: User
  /** JWT, ES256. */
  accessToken: string
  refreshToken: string
  /** Bearer. */
  tokenType: string
  /** Seconds that the access token lives. */
  expiresIn: number
  requestId: string
  /** The user was made by an earlier request with the same key; the tokens are new. */
  replayed: boolean
}

export interface ReleaseReservationResponse {
  reservation?: Reservation
  requestId: string
  replayed: boolean
}

export interface RepairConsistencyResponse {
  /** As it was found; it is mended now. */
  difference?: Difference
  requestId: string
}

export interface ReplayWebhookDeliveriesResponse {
  /** Deliveries that were put behind those that wait; at most 10,000 in one call, the oldest. */
  count: number
  requestId: string
  replayed: boolean
}

export interface Reservation {
  /** UUID. */
  id: string
  userId: string
  /** - `COMMITTED`: Sold: there is an order. */
  status: 'STATUS_UNSPECIFIED' | 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED'
  lines: readonly (ReservationLine)[]
  expiresAt?: string
  /** As asked for. */
  ttlSeconds: number
  createdAt?: string
  updatedAt?: string
  /** Grows by one with each change of this record. */
  version: number
  /** Grows by one whenever its lines change; 1 at first. */
  linesVersion: number
  /** The one that it was a part of, before some of its units were checked out; empty: it was made as it is. */
  parentId: string
  /** How often units that were backordered have arrived while it was ACTIVE. */
  fills: number
}

export interface ReservationLine {
  sku: string
  warehouse: string
  quantity: number
  /** The product's price when it was reserved. */
  unitPrice?: Money
  /** Of a bundle: what is held for all of its units. Its price is the bundle's, its warehouse that of all its parts, empty where they have several. */
  parts: readonly (ReservationLinePart)[]
  /** Of the quantity: units that are promised, and not there yet; as it was sold, where it is. Of a bundle: those that lack some part. */
  backordered: number
  /** When they are expected, as the product said when it was reserved. */
  backorderUntil?: string
}

export interface ReservationLinePart {
  sku: string
  warehouse: string
  quantity: number
  backordered: number
}

export interface ResumeWebhookEndpointResponse {
  endpoint?: WebhookEndpoint
  requestId: string
  replayed: boolean
}

export interface RotateWebhookSecretResponse {
  endpoint?: WebhookEndpoint
  /** Empty in a replay. */
  secret: string
  requestId: string
  replayed: boolean
}

export interface Sale {
  /** UUID. */
  id: string
  /** Of the product, which is made for this sale. */
  sku: string
  stock: number
  shoppers: number
  /** How the shoppers' units are held (docs/decisions/009-strategies.md). */
  strategy: 'STRATEGY_UNSPECIFIED' | 'COMBINING' | 'PESSIMISTIC' | 'OPTIMISTIC'
  /** - `WAITING`: Nobody has watched yet. - `SELLING`: The race: every shopper asks for one unit, until they have it or are told that it is sold out. - `PAYING`: Of those who won four in five pay, the fifth lets go; what comes back goes to shoppers who were refused. - `CHECKING`: The books are checked. - `STOPPED`: By an admin, or since nobody watched any more, or since it took too long. - `FAILED`: `problem` says why. */
  phase: 'PHASE_UNSPECIFIED' | 'WAITING' | 'SELLING' | 'PAYING' | 'CHECKING' | 'DONE' | 'STOPPED' | 'FAILED'
  createdAt?: string
  /** Of the race: each shopper counts once. */
  won: number
  refused: number
  gaveUp: number
  /** CONFLICT answers, each of which a shopper answered by asking again (OPTIMISTIC). */
  conflicts: number
  /** Requests sent again, with the same key, since there was no answer or the system asked for it. */
  repeated: number
  /** After the race. */
  paid: number
  letGo: number
  /** Shoppers refused in the race who then got what others had let go. */
  secondChances: number
  /** Units that nobody has reserved or bought, as far as the answers say. */
  left: number
  /** How long the race has taken, in ms, without the time in which nobody watched. */
  raceMs: number
  /** Answers of the race (won and refused) a second. */
  answersPerSecond: number
  /** How long a shopper waited for their answer in the race. */
  latency?: SaleLatency
  /** Of the winners of the race, the last eight. */
  lastWinners: readonly (SaleWinner)[]
  /** One byte for each shopper, a number of the enum Shopper. */
  states: string
  /** When they have been checked. */
  books?: SaleBooks
  /** Why it FAILED or was STOPPED, or what the shoppers who gave up were told, in words. */
  problem: string
}

/** What the system itself says when the sale is over. */
export interface SaleBooks {
  /** The system's books agree, and what left stock is what was paid for: never more than there was. */
  balanced: boolean
  /** CheckConsistency over the whole system found nothing. */
  consistent: boolean
  differences: number
  /** Of the product: units that left stock, as its level says; those still there; those reserved; those paid for. */
  sold: number
  onHand: number
  reserved: number
  paid: number
  /** Stock levels, holds, reservations and orders that were looked at. */
  rowsChecked: string
}

/** In microseconds. */
export interface SaleLatency {
  p50Micros: number
  p95Micros: number
  p99Micros: number
  maxMicros: number
  /** How many waited so long; bounds grow by the square root of two from 1 ms on, and the last has all that took longer. */
  buckets: readonly (SaleLatencyBucket)[]
}

export interface SaleLatencyBucket {
  /** In microseconds. */
  upToMicros: number
  count: number
}

export interface SaleWinner {
  /** From 1 on. */
  shopper: number
  /** How long they waited, in microseconds. */
  waitedMicros: number
  reservationId: string
}

/** A place where a shop sells, as its website or one of its shops: it sees the stock of some warehouses, in an order of its own. */
export interface SalesChannel {
  /** `[A-Z0-9][A-Z0-9_-]{0,31}`. */
  code: string
  name: string
  /** Their codes, the one that is tried first in front. */
  warehouses: readonly (string)[]
  createdAt?: string
  updatedAt?: string
  /** Grows by one with each change. */
  version: number
}

export interface SetSafetyStockResponse {
  level?: StockLevel
  requestId: string
  replayed: boolean
}

/** Units on the way to one warehouse, from a supplier or from another warehouse. */
export interface Shipment {
  /** UUID. */
  id: string
  /** - `PURCHASE`: From a supplier. - `TRANSFER`: From another warehouse. */
  kind: 'KIND_UNSPECIFIED' | 'PURCHASE' | 'TRANSFER'
  /** - `OPEN`: Some of it is on the way. - `RECEIVED`: Nothing is on the way any more: it has arrived, or was written off at a closing receipt. - `CANCELLED`: What had not arrived will not. */
  state: 'STATE_UNSPECIFIED' | 'OPEN' | 'RECEIVED' | 'CANCELLED'
  /** Where it goes. */
  warehouse: string
  /** Where a transfer comes from. */
  fromWarehouse: string
  /** A document of yours. */
  reference: string
  supplier: string
  expectedAt?: string
  /** By SKU. */
  lines: readonly (ShipmentLine)[]
  createdAt?: string
  updatedAt?: string
  /** Grows by one with each change. */
  version: number
}

/** `expected = received + written_off + open`, in units. */
export interface ShipmentLine {
  sku: string
  expected: number
  received: number
  /** Will not arrive. */
  writtenOff: number
  /** Still on the way. */
  open: number
}

export interface SkipWebhookDeliveryResponse {
  delivery?: WebhookDelivery
  requestId: string
  replayed: boolean
}

/** Units of one SKU in one warehouse; `available = on_hand - reserved - withheld`. */
export interface StockLevel {
  sku: string
  warehouse: string
  onHand: number
  reserved: number
  available: number
  /** Units that are there and that nobody may have: damaged, held back for quality or as safety stock, promised to somebody, or (in Availability alone) kept for the waitlist. */
  withheld: number
  /** On the way; no part of `on_hand`. */
  incoming: number
  damaged: number
  quality: number
  /** Kept back by policy; may be more than there is. */
  safety: number
  /** Promised beyond stock: units that arrive are theirs first. */
  promised: number
}

/** One entry of the ledger: `on_hand` of a stock level is the sum of its deltas. */
export interface StockMovement {
  id: string
  sku: string
  warehouse: string
  /** - `OPENING`: Units that were there when the product was made. - `SALE`: A hold was committed. - `RETURN`: A cancelled order's units came back. - `STATE`: Between sellable, damaged and held back for quality, in one warehouse. - `EXPECTED`: On the way to the warehouse. - `RECEIPT`: What was on the way has arrived. - `WRITE_OFF`: What was on the way will not arrive. - `DISPATCH`: Sent to another warehouse. - `ALLOCATION`: Taken out without a hold. */
  kind: 'KIND_UNSPECIFIED' | 'OPENING' | 'ADJUSTMENT' | 'SALE' | 'RETURN' | 'STATE' | 'EXPECTED' | 'RECEIPT' | 'WRITE_OFF' | 'DISPATCH' | 'ALLOCATION'
  /** Of `on_hand`: 0 where units only change their state, or are not there yet. */
  delta: number
  reason: string
  actor?: Actor
  /** The hold, order, shipment or document that it belongs to, if any. */
  reference: string
  at?: string
  /** Above 0. */
  quantity: number
  /** Where units are. The first four are of the stock level, the others outside it. - `INCOMING`: On the way to the warehouse; no part of `on_hand`. - `SOLD`: With shoppers. - `VARIANCE`: What counting found, or missed. - `TRANSIT`: Between two warehouses. */
  from: 'ACCOUNT_UNSPECIFIED' | 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'
  /** Where units are. The first four are of the stock level, the others outside it. - `INCOMING`: On the way to the warehouse; no part of `on_hand`. - `SOLD`: With shoppers. - `VARIANCE`: What counting found, or missed. - `TRANSIT`: Between two warehouses. */
  to: 'ACCOUNT_UNSPECIFIED' | 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'
  /** Why, as a word that can be counted. */
  reasonCode: 'REASON_CODE_UNSPECIFIED' | 'COUNT' | 'DAMAGE' | 'LOSS' | 'THEFT' | 'FOUND' | 'CORRECTION' | 'RECEIVED' | 'OTHER'
}

export interface StopSaleResponse {
  sale?: Sale
  requestId: string
}

export interface SweepResponse {
  /** Reservations that became EXPIRED in this pass. */
  expired: number
  /** Holds without a reservation that were released. */
  orphans: number
  requestId: string
}

export interface TransferStockResponse {
  /** Of the kind TRANSFER, with one line. */
  shipment?: Shipment
  from?: StockLevel
  to?: StockLevel
  requestId: string
  replayed: boolean
}

export interface TransitionOrderResponse {
  order?: Order
  requestId: string
  replayed: boolean
}

export interface UpdateProductResponse {
  product?: Product
  requestId: string
}

export interface UpdateSalesChannelResponse {
  channel?: SalesChannel
  requestId: string
}

export interface UpdateUserResponse {
  user?: User
  requestId: string
}

export interface UpdateWarehouseResponse {
  warehouse?: Warehouse
  requestId: string
}

export interface UpdateWebhookEndpointResponse {
  endpoint?: WebhookEndpoint
  requestId: string
}

export interface User {
  /** UUID. */
  id: string
  /** Of a user of another issuer: empty unless it tells. */
  email: string
  role: 'ROLE_UNSPECIFIED' | 'USER' | 'ADMIN'
  /** Absent for users of another issuer, of whom nothing is kept here. */
  createdAt?: string
}

export interface VerifyAuditResponse {
  valid: boolean
  /** Records looked at. */
  checked: string
  /** The first that is wrong; 0 when valid. */
  firstBadSequence: string
  /** What is wrong with it. */
  problem: string
  /** Hash of the last record. */
  headHash: string
  requestId: string
}

/** A place in the line for a product. */
export interface WaitlistEntry {
  /** UUID. */
  id: string
  userId: string
  sku: string
  quantity: number
  /** As in CreateReservationRequest. */
  channel: string
  /** - `OFFERED`: A reservation is made for it. - `FULFILLED`: The reservation was checked out, or a part of it. - `LAPSED`: The reservation ended otherwise. */
  status: 'STATUS_UNSPECIFIED' | 'WAITING' | 'OFFERED' | 'FULFILLED' | 'LAPSED' | 'LEFT'
  /** While it is WAITING: 1 is the next. Not in events, and not in a list of everyone's. */
  position: number
  /** Once it is offered. */
  reservationId: string
  createdAt?: string
  offeredAt?: string
  /** When it became FULFILLED, LAPSED or LEFT. */
  endedAt?: string
  /** Grows by one with each change. */
  version: number
}

export interface Warehouse {
  /** `[A-Z0-9][A-Z0-9_-]{0,31}`. */
  code: string
  name: string
  createdAt?: string
  /** The lower, the sooner a line that names no warehouse is filled from it; equal ones go by their codes. */
  priority: number
  /** Grows by one with each change. */
  version: number
}

export interface WarehouseAvailability {
  warehouse: string
  onHand: number
  reserved: number
  available: number
  withheld: number
  incoming: number
  promised: number
  backorderable: number
}

export interface WatchAvailabilityResponse {
  /** The SKUs that changed, each as it is now. */
  availability: readonly (Availability)[]
  /** Stands for what has been sent so far; good at every replica, for as long as one likes. */
  resumeToken: string
}

export interface WatchSaleResponse {
  sale?: Sale
}

export interface WebhookDelivery {
  /** Grows with time; those of one endpoint are sent in this order. */
  id: string
  endpointId: string
  /** The webhook-id. */
  eventId: string
  eventType: string
  /** What the event is about. */
  subject: string
  /** When it happened. */
  eventAt?: string
  /** - `PENDING`: Waits, for its turn or for its next try. - `DELIVERED`: Answered with 2xx. - `SKIPPED`: Given up by an admin. */
  status: 'STATUS_UNSPECIFIED' | 'PENDING' | 'DELIVERED' | 'SKIPPED'
  attempts: number
  createdAt?: string
  lastAttemptAt?: string
  /** HTTP status of the last try; 0: there was no answer. */
  lastStatus: number
  /** Why the last try failed. */
  lastError: string
  /** The delivery that it repeats; 0: none. */
  replayOf: string
}

export interface WebhookEndpoint {
  /** UUID. */
  id: string
  url: string
  description: string
  /** Event types, as `holdfast.order.confirmed.v1`, all of an object, as `holdfast.stock.*`, or `*`. */
  eventTypes: readonly (string)[]
  status: 'STATUS_UNSPECIFIED' | 'ACTIVE' | 'PAUSED'
  /** Absent unless it is PAUSED. */
  pauseReason?: 'PAUSE_REASON_UNSPECIFIED' | 'ASKED' | 'FAILING' | 'GONE'
  createdAt?: string
  updatedAt?: string
  /** Grows by one with each change. */
  version: number
  /** Tries of the delivery at the head that have failed; 0: all is well. */
  failures: number
  /** When the one at the head is tried again; none unless it failed. */
  nextAttemptAt?: string
}

/** What each operation takes and answers. */
export interface Operations {
  /** Newest first unless asked otherwise, filtered, in pages. */
  listAuditRecords: { request: {
    action?: string
    objectType?: string
    objectId?: string
    actorId?: string
    requestId?: string
    /** Inclusive. */
    after?: string
    /** Exclusive. */
    before?: string
    /** 1 to 500; 50 when 0. */
    pageSize?: number
    pageToken?: string
    /** From the first record on, for whoever wants them all. */
    oldestFirst?: boolean
  }; response: ListAuditRecordsResponse }
  getAuditRecord: { request: {
    sequence: string | number
  }; response: GetAuditRecordResponse }
  /** The end of the log as it is now, signed: kept elsewhere, it shows later whether the log was cut off or written anew. */
  getAuditCheckpoint: { request: Record<string, never>; response: GetAuditCheckpointResponse }
  /** Recomputes the chain of hashes and names the first record that was touched, added or removed. */
  verifyAudit: { request: {
    /** The `signature` of a checkpoint that was kept: the log must still have its record, with its hash. */
    checkpoint?: string
  }; response: VerifyAuditResponse }
  /** What the shop did over some time: reservations and what became of them, orders, revenue, the SKUs that sold most. Made from events alone, a moment behind them. */
  getActivity: { request: {
    /** Inclusive; taken back to the beginning of its bucket. 24 hours before `to` when absent. */
    from?: string
    /** Exclusive; taken on to the end of its bucket. Now when absent. At most 1,500 buckets. */
    to?: string
    /** - `HOUR`: The default. - `DAY`: From midnight to midnight, UTC. */
    bucket?: 'MINUTE' | 'HOUR' | 'DAY'
    /** SKUs of each currency: 1 to 100; 10 when 0. */
    top?: number
    /** - `REVENUE`: The default. */
    topBy?: 'REVENUE' | 'UNITS_SOLD' | 'UNITS_RESERVED'
  }; response: GetActivityResponse }
  /** Makes the figures again from the first audit record on. Until that is done the ones that are there are shown, and kept up. While a rebuild is under way it is answered, `replayed`. */
  rebuildActivity: { request: {
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: RebuildActivityResponse }
  /** Makes a user with the role USER and logs in. */
  register: { request: {
    email?: string
    /** 10 to 256 characters, of any kind. Not one of those that are tried first (a common one, also with digits or signs around it; the same again and again), and with none of the words of four letters or more before the @ of the address in it. */
    password: string
    clientToken?: string
  }; response: RegisterResponse }
  login: { request: {
    email?: string
    password?: string
  }; response: LoginResponse }
  /** A new pair of tokens for a refresh token, which is used up by it. Using one twice ends its whole family, but for a repeat within a minute that has the same Idempotency-Key: it gets the same refresh token again, while that is new. */
  refresh: { request: {
    refreshToken?: string
  }; response: RefreshResponse }
  /** Ends the family of a refresh token. */
  logout: { request: {
    refreshToken?: string
  }; response: LogoutResponse }
  /** Ends all families of the caller's refresh tokens, and with them the access tokens given so far. Users of another issuer log out there: they are refused. */
  logoutEverywhere: { request: Record<string, never>; response: LogoutEverywhereResponse }
  /** Who the caller is. Of a user of another issuer: what the token says. */
  getMe: { request: Record<string, never>; response: GetMeResponse }
  /** Users by e-mail address, in pages. */
  listUsers: { request: {
    /** All when absent. */
    role?: 'USER' | 'ADMIN'
    /** The one user with this address; all when empty. */
    email?: string
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListUsersResponse }
  /** Gives a user another role. The last admin stays one. Access tokens given before with more rights than now are ended. */
  updateUser: { request: {
    id: string
    role?: 'USER' | 'ADMIN'
  }; response: UpdateUserResponse }
  /** Makes a product with so many units, and a sale of it, which begins when somebody watches it. One at a time: CONFLICT while another is under way. A repeat with the same key gets the same sale, as long as it is known. */
  createSale: { request: {
    /** Units, from 1 to 5,000. */
    stock?: number
    /** From 1 to 5,000. */
    shoppers?: number
    /** COMBINING if it is not given. */
    strategy?: 'COMBINING' | 'PESSIMISTIC' | 'OPTIMISTIC'
    /** Instead of the header Idempotency-Key. */
    clientToken?: string
  }; response: CreateSaleResponse }
  /** The newest twenty, the newest first; they are known until the service is started again. Without `states`. */
  listSales: { request: Record<string, never>; response: ListSalesResponse }
  /** How a sale stands, or how it ended. */
  getSale: { request: {
    id: string
  }; response: GetSaleResponse }
  /** Sends the shoppers home, and answers when what they had reserved is given back. One that is over stays as it is. The sale is this service's alone, so nothing of its own is recorded; what is given back is. */
  stopSale: { request: {
    id: string
  }; response: StopSaleResponse }
  /** The sale as it goes on, some eight times a second, until it is over. While nobody watches, nobody shops; after half a minute of that the sale is STOPPED, and what was reserved is given back. */
  watchSale: { request: {
    id: string
  }; stream: WatchSaleResponse }
  /** Makes a product; ALREADY_EXISTS when the SKU is taken. */
  createProduct: { request: {
    sku?: string
    /** 1 to 200 characters. */
    name: string
    /** Up to 5,000 characters. */
    description?: string
    price?: MoneyInput
    /** Units put into the default warehouse MAIN. */
    stock?: number
    /** The same as the header Idempotency-Key. */
    clientToken?: string
    /** 0 to 1,000,000; as in Product. Not of a bundle. */
    lowStockAt?: number
    /** Up to 50, each SKU once: it is a bundle of these for good, if there are any. Such a product has no stock of its own. */
    parts?: readonly (BundlePartInput)[]
    /** 1 to 1,000,000; as in Product. */
    mostPerShopper?: number
    /** As in Product. Not of a bundle. */
    waitlistFirst?: boolean
    /** Not of a bundle, whose parts may have one. */
    backorder?: BackorderPolicyInput
  }; response: CreateProductResponse }
  /** Changes the fields that are given, leaves the others. */
  updateProduct: { request: {
    sku: string
    name?: string
    description?: string
    price?: MoneyInput
    /** Change it only if this is its version, else PRECONDITION_FAILED; over HTTP the header If-Match says the same. */
    expectedVersion?: number
    /** 0 to 1,000,000; -1: absent from then on. Not of a bundle. */
    lowStockAt?: number
    /** Of a bundle: all of them, as it is sold from then on. What is held or sold stays as it is. */
    parts?: readonly (BundlePartInput)[]
    /** 1 to 1,000,000; -1: absent from then on. What shoppers have already counts: it is counted first, and where that takes too long, UNAVAILABLE says so; a repeat goes on with it. */
    mostPerShopper?: number
    /** As in Product. Not of a bundle. */
    waitlistFirst?: boolean
    /** The whole rule, as it is from then on. Not of a bundle. */
    backorder?: BackorderPolicyInput
  }; response: UpdateProductResponse }
  getProduct: { request: {
    sku: string
  }; response: GetProductResponse }
  /** Products by SKU, in pages; all of them, or those that a search finds. */
  listProducts: { request: {
    /** 1 to 1,000; 50 when 0. */
    pageSize?: number
    /** `next_page_token` of the page before. */
    pageToken?: string
    /** Only those whose SKU or name has each of these words in it, anywhere and in any case: up to 8 words, 100 characters together. No character of it stands for others. */
    search?: string
  }; response: ListProductsResponse }
  /** Makes and changes products as the rows of a CSV file say, all of them or none; docs/import-export.md has the columns. INVALID_ARGUMENT names up to 20 cells that are wrong, by line and column. */
  importProducts: { request: { file: FileBody } & {
    /** Only says what it would do, or what is wrong; nothing is written. */
    validateOnly?: boolean
    /** With `validate_only`: SKUs of products that will be there by then, for bundles made of them. Up to 5,000; over HTTP as many as fit the address. */
    assumed?: readonly (string)[]
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: ImportProductsResponse }
  /** All products as a CSV file, by SKU, as it is imported again. Each part of it is of the moment at which it was read. */
  exportProducts: { request: Record<string, never>; download: Uint8Array }
  /** Sets or moves the units of stock levels as the rows of a CSV file say, all of them or none: never below what is reserved (INSUFFICIENT_STOCK), nor where there are not as many as was expected (CONFLICT). Each is an adjustment in the ledger. */
  importStock: { request: { file: FileBody } & {
    /** Only says what it would do, or what is wrong; nothing is written. */
    validateOnly?: boolean
    /** Why, up to 500 characters; `CSV import` when empty. */
    reason?: string
    /** Why, as a word that can be counted. */
    reasonCode?: 'COUNT' | 'DAMAGE' | 'LOSS' | 'THEFT' | 'FOUND' | 'CORRECTION' | 'RECEIVED' | 'OTHER'
    /** A document of yours, up to 200 characters. */
    reference?: string
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: ImportStockResponse }
  /** All stock levels as a CSV file, by SKU and warehouse, as it is imported again. Each part of it is of the moment at which it was read. */
  exportStock: { request: {
    /** With the column `expected_on_hand`: what was edited of it is imported only where nothing has moved since. */
    expecting?: boolean
  }; download: Uint8Array }
  /** Makes a warehouse; ALREADY_EXISTS when the code is taken. */
  createWarehouse: { request: {
    code?: string
    /** 1 to 200 characters. */
    name: string
    clientToken?: string
    /** 0 to 1,000,000; 100 when absent. MAIN begins with 0. */
    priority?: number
  }; response: CreateWarehouseResponse }
  /** Changes the fields that are given, leaves the others. */
  updateWarehouse: { request: {
    code: string
    name?: string
    priority?: number
    /** Change it only if this is its version, else PRECONDITION_FAILED; over HTTP the header If-Match says the same. */
    expectedVersion?: number
  }; response: UpdateWarehouseResponse }
  /** By priority, then by code: the order in which lines that name no warehouse are filled from them. */
  listWarehouses: { request: {
    /** 1 to 1,000; 1,000 when 0. */
    pageSize?: number
    /** `next_page_token` of the page before. */
    pageToken?: string
  }; response: ListWarehousesResponse }
  /** Makes a sales channel; ALREADY_EXISTS when the code is taken. */
  createSalesChannel: { request: {
    code?: string
    /** 1 to 200 characters. */
    name: string
    /** 1 to 100, each once. */
    warehouses: readonly (string)[]
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: CreateSalesChannelResponse }
  /** Changes the fields that are given, leaves the others. What is held stays where it is. */
  updateSalesChannel: { request: {
    code: string
    name?: string
    /** All of them, 1 to 100, each once; none: as they are. */
    warehouses?: readonly (string)[]
    /** Change it only if this is its version, else PRECONDITION_FAILED; over HTTP the header If-Match says the same. */
    expectedVersion?: number
  }; response: UpdateSalesChannelResponse }
  /** What is reserved through it stays as it is, each line in its warehouse, and may be changed and sold; nothing more is reserved through it, and who watches it is told NOT_FOUND. Its code may be given to another. */
  deleteSalesChannel: { request: {
    code: string
  }; response: DeleteSalesChannelResponse }
  getSalesChannel: { request: {
    code: string
  }; response: GetSalesChannelResponse }
  /** Channels by code, in pages. */
  listSalesChannels: { request: {
    /** 1 to 1,000; 50 when 0. */
    pageSize?: number
    /** `next_page_token` of the page before. */
    pageToken?: string
  }; response: ListSalesChannelsResponse }
  /** Adds units to, or takes them from, one stock level, by so many or from a number to another; never below what is reserved (INSUFFICIENT_STOCK). CONFLICT says in `errors` how many are there, where it is not the number that was expected. */
  adjustStock: { request: {
    sku: string
    /** Units to add (positive) or take away (negative); not 0, unless `expected_on_hand` and `on_hand` are given in its place. */
    delta?: number
    /** Why, 1 to 500 characters. */
    reason?: string
    /** MAIN when empty. */
    warehouse?: string
    clientToken?: string
    /** "Was 7, now 5": the units that `on_hand` of the level, damaged ones and all, is taken to be; CONFLICT if it is not. With `on_hand`. */
    expectedOnHand?: number
    /** What `on_hand` becomes. The same as expected moves nothing, and is on record as a count. */
    onHand?: number
    /** Why, as a word that can be counted. */
    reasonCode?: 'COUNT' | 'DAMAGE' | 'LOSS' | 'THEFT' | 'FOUND' | 'CORRECTION' | 'RECEIVED' | 'OTHER'
    /** A document of yours, up to 200 characters. */
    reference?: string
    /** The units that are meant: SELLABLE (also when not said), DAMAGED or QUALITY. */
    account?: 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'
  }; response: AdjustStockResponse }
  /** Moves units of one stock level between sellable, damaged and held back for quality; what is reserved stays (INSUFFICIENT_STOCK). */
  moveStock: { request: {
    sku: string
    /** MAIN when empty. */
    warehouse?: string
    /** SELLABLE, DAMAGED or QUALITY. */
    from?: 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'
    /** Another of the three. */
    to?: 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'
    quantity?: number
    /** Why, 1 to 500 characters. */
    reason?: string
    /** Why, as a word that can be counted. */
    reasonCode?: 'COUNT' | 'DAMAGE' | 'LOSS' | 'THEFT' | 'FOUND' | 'CORRECTION' | 'RECEIVED' | 'OTHER'
    /** A document of yours, up to 200 characters. */
    reference?: string
    clientToken?: string
  }; response: MoveStockResponse }
  /** Keeps units of one stock level back from new holds. */
  setSafetyStock: { request: {
    sku: string
    /** MAIN when empty. */
    warehouse?: string
    /** 0: nothing is kept back. */
    units?: number
    clientToken?: string
  }; response: SetSafetyStockResponse }
  /** Announces units that a supplier sends to a warehouse: they are `incoming` there, never available, until they are received. */
  createShipment: { request: {
    /** MAIN when empty. */
    warehouse?: string
    /** 1 to 500; the same SKU twice counts as one line with the sum. */
    lines: readonly (CreateShipmentLine)[]
    /** A document of yours, as a purchase order's number, up to 200 characters. */
    reference?: string
    /** Up to 200 characters. */
    supplier?: string
    expectedAt?: string
    clientToken?: string
  }; response: CreateShipmentResponse }
  getShipment: { request: {
    id: string
  }; response: GetShipmentResponse }
  /** Shipments, newest first, in pages. */
  listShipments: { request: {
    /** Any when not said. */
    state?: 'OPEN' | 'RECEIVED' | 'CANCELLED'
    /** To or from it; any when empty. */
    warehouse?: string
    /** 1 to 500; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListShipmentsResponse }
  /** Units of a shipment have arrived; a receipt reference adds them once. More than is on the way is refused (ILLEGAL_TRANSITION): what is too much is found by an adjustment. */
  receiveShipment: { request: {
    id: string
    /** Of this delivery, 1 to 200 characters: the same again for one shipment adds nothing, whoever repeats it. It is the idempotency key. */
    receiptReference?: string
    /** 1 to 1,500, each SKU of the shipment in as many states as need be; may be none with `closing`. */
    lines: readonly (ReceiptLine)[]
    /** What is still open after that will not arrive, and is written off. */
    closing?: boolean
  }; response: ReceiveShipmentResponse }
  /** What is still on the way will not arrive: it is written off, or sellable again where a transfer came from. */
  cancelShipment: { request: {
    id: string
  }; response: CancelShipmentResponse }
  /** Sends free units to another warehouse (INSUFFICIENT_STOCK): a shipment that is received there with ReceiveShipment, or at once. */
  transferStock: { request: {
    sku: string
    /** A warehouse. */
    from?: string
    /** Another warehouse. */
    to?: string
    quantity?: number
    /** A document of yours, up to 200 characters. */
    reference?: string
    /** Up to 500 characters. */
    reason?: string
    /** They have arrived already: sellable there, in the same moment. */
    immediate?: boolean
    /** Not with `immediate`. */
    expectedAt?: string
    clientToken?: string
  }; response: TransferStockResponse }
  /** Takes free units out without a hold, all lines or none (INSUFFICIENT_STOCK), once per reference. Nothing takes it back but an adjustment. */
  createAllocation: { request: {
    /** 1 to 500; the same SKU and warehouse twice counts as one line with the sum. */
    lines: readonly (AllocationLineInput)[]
    /** Of yours, 1 to 200 characters: the same again takes nothing, whoever repeats it. It is the idempotency key. */
    reference?: string
    /** Why, 1 to 500 characters. */
    reason?: string
  }; response: CreateAllocationResponse }
  /** The ledger of one product, newest first, in pages. */
  getStockHistory: { request: {
    sku: string
    /** All warehouses when empty. */
    warehouse?: string
    pageSize?: number
    pageToken?: string
  }; response: GetStockHistoryResponse }
  /** What can be reserved now; units of holds that are due count as free. */
  getAvailability: { request: {
    /** 1 to 500. */
    skus: readonly (string)[]
    /** Of a sales channel: the figures of its warehouses only, in its order. All warehouses when empty. */
    channel?: string
  }; response: GetAvailabilityResponse }
  /** What can be reserved now, and each change of it within a second: the last state, not every step. The first message has what differs from the state that `resume_token` stands for, which is everything without one. A message without any field only says that the stream lives. NOT_FOUND names a SKU or channel that there is not, before the stream begins. */
  watchAvailability: { request: {
    /** 1 to 100. */
    skus: readonly (string)[]
    /** `resume_token` of the last message received (over HTTP also the header Last-Event-ID): what has not changed since is not sent again. One that does not fit these SKUs counts as none. */
    resumeToken?: string
    /** As in GetAvailabilityRequest. */
    channel?: string
  }; stream: WatchAvailabilityResponse }
  /** Recomputes the books of this service in one snapshot, then compares holds with the reservations and orders that the other services have; names every difference that stays. What is under way is counted, and is no difference. */
  checkConsistency: { request: {
    /** Goes through what was archived, too: nothing changes there, and it takes longer the older a shop is. */
    archived?: boolean
  }; response: CheckConsistencyResponse }
  /** Mends one difference that CheckConsistency names, if the other rows leave no doubt of what it should be; else ILLEGAL_TRANSITION says why not. NOT_FOUND when there is no such difference (any more). */
  repairConsistency: { request: {
    /** Of the difference, as CheckConsistency names it. */
    kind?: string
    id?: string
  }; response: RepairConsistencyResponse }
  /** Who holds units of a product, whose time is up first in front, in pages: holds that live, and holds past their time that nobody has ended yet, whose units count as free. Who holds a bundle is told of each of its parts. */
  listProductHolds: { request: {
    sku: string
    /** All warehouses when empty. */
    warehouse?: string
    /** Both when it is not given. */
    state?: 'LIVE' | 'LAPSED'
    /** 1 to 1,000; 50 when 0. */
    pageSize?: number
    /** `next_page_token` of the page before. */
    pageToken?: string
  }; response: ListProductHoldsResponse }
  /** Registers an address that events are sent to from the answer on; its secret is told in the answer, and never again. */
  createWebhookEndpoint: { request: {
    /** https; no user and password in it, and no address of a private network. */
    url?: string
    /** Up to 200 characters. */
    description?: string
    /** 1 to 50: types of the event catalogue, all of an object as `holdfast.stock.*`, or `*`. */
    eventTypes?: readonly (string)[]
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: CreateWebhookEndpointResponse }
  getWebhookEndpoint: { request: {
    id: string
  }; response: GetWebhookEndpointResponse }
  /** Newest first, in pages. */
  listWebhookEndpoints: { request: {
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListWebhookEndpointsResponse }
  /** Changes what is given. What waits goes to the new address. */
  updateWebhookEndpoint: { request: {
    id: string
    url?: string
    description?: string
    /** Empty: they stay as they are. */
    eventTypes?: readonly (string)[]
  }; response: UpdateWebhookEndpointResponse }
  /** Its deliveries go with it. */
  deleteWebhookEndpoint: { request: {
    id: string
  }; response: DeleteWebhookEndpointResponse }
  /** Nothing is sent to it until it is resumed; its events wait. */
  pauseWebhookEndpoint: { request: {
    id: string
  }; response: PauseWebhookEndpointResponse }
  /** What waits is sent in its order, the first at once. */
  resumeWebhookEndpoint: { request: {
    id: string
  }; response: ResumeWebhookEndpointResponse }
  /** A new secret; for a while each delivery is signed with the old one as well. */
  rotateWebhookSecret: { request: {
    id: string
    /** How long the old secret signs as well, s; 0 to 604,800; a day when not given. */
    overlapSeconds?: number
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: RotateWebhookSecretResponse }
  /** Sends again what is in the log of an endpoint: one delivery, or those whose events happened in a span of time, in their order. Each is a new delivery of the same event, behind those that wait, with the event's own webhook-id. */
  replayWebhookDeliveries: { request: {
    endpointId: string
    /** One delivery; 0: those in the span of time. */
    deliveryId?: string | number
    /** Of the event's time; inclusive. */
    after?: string
    /** Exclusive; now when not given. */
    before?: string
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: ReplayWebhookDeliveriesResponse }
  /** The delivery log, newest first, in pages. */
  listWebhookDeliveries: { request: {
    endpointId?: string
    /** - `PENDING`: Waits, for its turn or for its next try. - `DELIVERED`: Answered with 2xx. - `SKIPPED`: Given up by an admin. */
    status?: 'PENDING' | 'DELIVERED' | 'SKIPPED'
    eventType?: string
    eventId?: string
    /** Of the event's time; inclusive. */
    after?: string
    /** Exclusive. */
    before?: string
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListWebhookDeliveriesResponse }
  /** With what is sent. */
  getWebhookDelivery: { request: {
    id: string | number
  }; response: GetWebhookDeliveryResponse }
  /** Gives up one delivery that waits, as one that its receiver will never take, so that those behind it can go. */
  skipWebhookDelivery: { request: {
    id: string | number
  }; response: SkipWebhookDeliveryResponse }
  /** An order for an existing reservation, then its payment. A second checkout returns the same order, `replayed`. */
  checkout: { request: {
    reservationId?: string
    /** The provider's token for the card; the simulated provider takes none or tok_ok, tok_declined, tok_slow, tok_timeout, tok_late, and tok_callback and others that begin so (docs/payments.md). The order is PENDING and its payment IN_PROGRESS where the provider calls back later. */
    paymentToken?: string
    clientToken?: string
    /** Only these units, as a reservation of their own (`order.reservationId`); the others stay reserved. All of it when empty. Without a key the same units are checked out once: who wants as many again sends a key. */
    lines?: readonly (CheckoutLine)[]
  }; response: CheckoutResponse }
  /** An order and its reservation in one call: PENDING until confirmed, cancelled when the reservation lapses. */
  placeOrder: { request: {
    lines?: readonly (PlaceOrderLine)[]
    /** Seconds that the stock is held for it. */
    ttlSeconds?: number
    clientToken?: string
    /** A sales channel: only its warehouses are seen, in its order. All of them when empty. */
    channel?: string
    /** Lines that name no warehouse may be filled by several where no one can fill them all. */
    allowSplit?: boolean
    /** From where a line is filled that no one warehouse can fill. - `FEWEST_PARCELS`: As few warehouses as possible; the default. - `PRIORITY`: All that the first warehouse of the channel has, then the next. - `MOST_STOCK`: From where most is left. */
    splitBy?: 'FEWEST_PARCELS' | 'PRIORITY' | 'MOST_STOCK'
  }; response: PlaceOrderResponse }
  /** The caller's own; any for an admin. Another's looks absent. */
  getOrder: { request: {
    id: string
  }; response: GetOrderResponse }
  /** The caller's own, an admin's everyone's; filtered, sorted, in pages that stay stable under inserts. */
  listOrders: { request: {
    /** - `PENDING`: Waits for its payment. - `CONFIRMED`: Paid, its units are sold. */
    status?: 'PENDING' | 'CONFIRMED' | 'PROCESSING' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED'
    /** Admins only: one user's; everyone's when empty. */
    userId?: string
    /** Minor units, inclusive. */
    minTotalMinor?: string | number
    maxTotalMinor?: string | number
    /** Inclusive. */
    createdAfter?: string
    /** Exclusive. */
    createdBefore?: string
    /** - `CREATED_DESC`: Newest first, the default. */
    sort?: 'CREATED_DESC' | 'CREATED_ASC' | 'TOTAL_DESC' | 'TOTAL_ASC'
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListOrdersResponse }
  /** Cancels a PENDING order (stock first) or a CONFIRMED one (its units come back, the payment is refunded). */
  cancelOrder: { request: {
    id: string
    clientToken?: string
  }; response: CancelOrderResponse }
  /** Pays a PENDING order. */
  confirmOrder: { request: {
    id: string
    paymentToken?: string
    clientToken?: string
  }; response: ConfirmOrderResponse }
  /** Moves an order along its status table; ILLEGAL_TRANSITION for what the table does not have, and for SHIPPED while something is backordered. */
  transitionOrder: { request: {
    id: string
    /** - `PENDING`: Waits for its payment. - `CONFIRMED`: Paid, its units are sold. */
    status?: 'PENDING' | 'CONFIRMED' | 'PROCESSING' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED'
    clientToken?: string
  }; response: TransitionOrderResponse }
  /** Holds all lines or none. Repeatable by Idempotency-Key, `client_token`, or `reuse_active`. */
  createReservation: { request: {
    /** 1 to MAX_LINES; the same SKU twice counts as one line with the sum. */
    lines?: readonly (LineRequest)[]
    /** Seconds until it lapses; RESERVATION_TTL_DEFAULT when absent. */
    ttlSeconds?: number
    /** The same as the header Idempotency-Key. */
    clientToken?: string
    /** Without a key: return an identical ACTIVE reservation of the caller instead of making a second one. */
    reuseActive?: boolean
    /** For the order service, which derives it from the order's id: the id that the reservation will have. */
    reservationId?: string
    /** How inventory keeps concurrent holds of one SKU apart; for admins and services, shoppers get the default. - `COMBINING`: The default. */
    strategy?: 'COMBINING' | 'PESSIMISTIC' | 'OPTIMISTIC'
    /** A sales channel: only its warehouses are seen, in its order. All of them when empty. */
    channel?: string
    /** Lines that name no warehouse may be filled by several where no one can fill them all. */
    allowSplit?: boolean
    /** From where a line is filled that no one warehouse can fill. - `FEWEST_PARCELS`: As few warehouses as possible; the default. - `PRIORITY`: All that the first warehouse of the channel has, then the next. - `MOST_STOCK`: From where most is left. */
    splitBy?: 'FEWEST_PARCELS' | 'PRIORITY' | 'MOST_STOCK'
  }; response: CreateReservationResponse }
  /** The caller's own; any for an admin. Another's looks absent. */
  getReservation: { request: {
    id: string
    /** For the order service, whose payment found other lines than the reservation knew: it takes over what its hold has before it is read. */
    settled?: boolean
  }; response: GetReservationResponse }
  /** The caller's own, newest first, in pages; an admin may ask for everyone's. */
  listReservations: { request: {
    /** All when absent. */
    status?: 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED'
    /** Admins only: one user's; everyone's when empty. */
    userId?: string
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListReservationsResponse }
  /** Gives the units back. A second cancel is a replay. */
  cancelReservation: { request: {
    id: string
    clientToken?: string
  }; response: CancelReservationResponse }
  /** Moves the end to a later time, at most the longest lifetime after it was made. */
  extendReservation: { request: {
    id: string
    /** The new end; either this or `ttl_seconds`. */
    expiresAt?: string
    /** Seconds from now, turned into a time on arrival. */
    ttlSeconds?: number
    clientToken?: string
  }; response: ExtendReservationResponse }
  /** Sets how many units of some SKUs it has; what is not named stays as it is. All of it or nothing: a raise that does not fit leaves everything as it was. Units that come in have today's price, those that stay keep theirs. If it has none left it is cancelled. */
  changeReservation: { request: {
    id: string
    /** 1 to MAX_LINES, each SKU (or SKU and warehouse) once. */
    lines?: readonly (LineChange)[]
    /** The same as the header Idempotency-Key. */
    clientToken?: string
    /** Change it only if this is its version, else PRECONDITION_FAILED; over HTTP the header If-Match says the same. Without a key it is one: the same change of the same version again is a replay. */
    expectedVersion?: number
  }; response: ChangeReservationResponse }
  /** Gives some units back and keeps the rest; giving all of them back cancels it. Without a key a second call gives back as many again. */
  releaseReservation: { request: {
    id: string
    /** Units to give back; 1 to MAX_LINES, the same SKU twice counts as one line with the sum. */
    lines?: readonly (LineRequest)[]
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: ReleaseReservationResponse }
  /** Waits for units of a product: whoever is first in line, and fits, has them reserved. One live entry for each user and SKU: the same again without a key is answered with the entry that there is, another is ALREADY_EXISTS. */
  createWaitlistEntry: { request: {
    /** Of a product that is no bundle. */
    sku?: string
    /** 1 to 1,000,000. Whoever asks for less may be served sooner. */
    quantity: number
    /** A sales channel: only units of its warehouses. All of them when empty. */
    channel?: string
    /** The same as the header Idempotency-Key. */
    clientToken?: string
  }; response: CreateWaitlistEntryResponse }
  /** The caller's own; any for an admin. Another's looks absent. */
  getWaitlistEntry: { request: {
    id: string
  }; response: GetWaitlistEntryResponse }
  /** The caller's own, newest first, in pages; an admin may ask for everyone's. */
  listWaitlistEntries: { request: {
    /** All when absent. */
    status?: 'WAITING' | 'OFFERED' | 'FULFILLED' | 'LAPSED' | 'LEFT'
    /** Admins only: one user's; everyone's when empty. */
    userId?: string
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListWaitlistEntriesResponse }
  /** Leaves the line; a second time is a replay. ILLEGAL_TRANSITION when it was offered already: its reservation is cancelled like any other. */
  deleteWaitlistEntry: { request: {
    id: string
  }; response: DeleteWaitlistEntryResponse }
  /** Who waits for a product, and to whom it is offered, in the order of the line, in pages. */
  listProductWaitlist: { request: {
    sku: string
    /** WAITING and OFFERED when absent. */
    status?: 'WAITING' | 'OFFERED' | 'FULFILLED' | 'LAPSED' | 'LEFT'
    /** 1 to 200; 50 when 0. */
    pageSize?: number
    pageToken?: string
  }; response: ListProductWaitlistResponse }
  /** One pass of the sweeper, now: due reservations and orphaned holds. */
  sweep: { request: Record<string, never>; response: SweepResponse }
}

export interface Operation {
  method: string
  /** With `{field}` where a field of the request goes. */
  path: string
  /** What the path does not take goes into the body; else into the query. */
  body: boolean
  /** It takes a token. */
  authenticated: boolean
  /** A lost answer is no reason not to ask again: it does nothing twice, by its idempotency key or by itself. */
  repeatable: boolean
  /** It is sent once, whatever comes of it. */
  once: boolean
  /** It answers with server-sent events. */
  streams: boolean
  /** The body is this field as it is, of this media type; the others go into the query. */
  file?: { field: string; type: string }
  /** It answers with a download, of one of these media types. */
  gives?: string
}

/** Where each operation is. */
export const operations: { readonly [Id in keyof Operations]: Operation } = {
  listAuditRecords: {"method":"GET","path":"/v1/audit/records","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getAuditRecord: {"method":"GET","path":"/v1/audit/records/{sequence}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getAuditCheckpoint: {"method":"GET","path":"/v1/audit/checkpoint","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  verifyAudit: {"method":"GET","path":"/v1/audit:verify","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getActivity: {"method":"GET","path":"/v1/activity","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  rebuildActivity: {"method":"POST","path":"/v1/activity:rebuild","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  register: {"method":"POST","path":"/v1/auth/register","body":true,"authenticated":false,"repeatable":true,"once":false,"streams":false},
  login: {"method":"POST","path":"/v1/auth/login","body":true,"authenticated":false,"repeatable":false,"once":true,"streams":false},
  refresh: {"method":"POST","path":"/v1/auth/refresh","body":true,"authenticated":false,"repeatable":false,"once":true,"streams":false},
  logout: {"method":"POST","path":"/v1/auth/logout","body":true,"authenticated":false,"repeatable":true,"once":false,"streams":false},
  logoutEverywhere: {"method":"POST","path":"/v1/auth/logout:everywhere","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getMe: {"method":"GET","path":"/v1/auth/me","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listUsers: {"method":"GET","path":"/v1/users","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  updateUser: {"method":"PATCH","path":"/v1/users/{id}","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  createSale: {"method":"POST","path":"/v1/demo/sales","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  listSales: {"method":"GET","path":"/v1/demo/sales","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getSale: {"method":"GET","path":"/v1/demo/sales/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  stopSale: {"method":"POST","path":"/v1/demo/sales/{id}:stop","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  watchSale: {"method":"GET","path":"/v1/demo/sales/{id}:watch","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":true},
  createProduct: {"method":"POST","path":"/v1/products","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  updateProduct: {"method":"PATCH","path":"/v1/products/{sku}","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getProduct: {"method":"GET","path":"/v1/products/{sku}","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":false},
  listProducts: {"method":"GET","path":"/v1/products","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":false},
  importProducts: {"method":"POST","path":"/v1/products:import","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false,"file":{"field":"file","type":"text/csv"}},
  exportProducts: {"method":"GET","path":"/v1/products:export","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false,"gives":"text/csv"},
  importStock: {"method":"POST","path":"/v1/stock:import","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false,"file":{"field":"file","type":"text/csv"}},
  exportStock: {"method":"GET","path":"/v1/stock:export","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false,"gives":"text/csv"},
  createWarehouse: {"method":"POST","path":"/v1/warehouses","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  updateWarehouse: {"method":"PATCH","path":"/v1/warehouses/{code}","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listWarehouses: {"method":"GET","path":"/v1/warehouses","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":false},
  createSalesChannel: {"method":"POST","path":"/v1/channels","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  updateSalesChannel: {"method":"PATCH","path":"/v1/channels/{code}","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  deleteSalesChannel: {"method":"DELETE","path":"/v1/channels/{code}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getSalesChannel: {"method":"GET","path":"/v1/channels/{code}","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":false},
  listSalesChannels: {"method":"GET","path":"/v1/channels","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":false},
  adjustStock: {"method":"POST","path":"/v1/products/{sku}/stock:adjust","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  moveStock: {"method":"POST","path":"/v1/products/{sku}/stock:move","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  setSafetyStock: {"method":"POST","path":"/v1/products/{sku}/stock:setSafety","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  createShipment: {"method":"POST","path":"/v1/shipments","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getShipment: {"method":"GET","path":"/v1/shipments/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listShipments: {"method":"GET","path":"/v1/shipments","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  receiveShipment: {"method":"POST","path":"/v1/shipments/{id}:receive","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  cancelShipment: {"method":"POST","path":"/v1/shipments/{id}:cancel","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  transferStock: {"method":"POST","path":"/v1/products/{sku}/stock:transfer","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  createAllocation: {"method":"POST","path":"/v1/allocations","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getStockHistory: {"method":"GET","path":"/v1/products/{sku}/stock/history","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getAvailability: {"method":"GET","path":"/v1/availability","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":false},
  watchAvailability: {"method":"GET","path":"/v1/availability:watch","body":false,"authenticated":false,"repeatable":false,"once":false,"streams":true},
  checkConsistency: {"method":"GET","path":"/v1/consistency","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  repairConsistency: {"method":"POST","path":"/v1/consistency:repair","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  listProductHolds: {"method":"GET","path":"/v1/products/{sku}/holds","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  createWebhookEndpoint: {"method":"POST","path":"/v1/webhooks/endpoints","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getWebhookEndpoint: {"method":"GET","path":"/v1/webhooks/endpoints/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listWebhookEndpoints: {"method":"GET","path":"/v1/webhooks/endpoints","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  updateWebhookEndpoint: {"method":"PATCH","path":"/v1/webhooks/endpoints/{id}","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  deleteWebhookEndpoint: {"method":"DELETE","path":"/v1/webhooks/endpoints/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  pauseWebhookEndpoint: {"method":"POST","path":"/v1/webhooks/endpoints/{id}:pause","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  resumeWebhookEndpoint: {"method":"POST","path":"/v1/webhooks/endpoints/{id}:resume","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  rotateWebhookSecret: {"method":"POST","path":"/v1/webhooks/endpoints/{id}:rotate-secret","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  replayWebhookDeliveries: {"method":"POST","path":"/v1/webhooks/endpoints/{endpointId}:replay","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  listWebhookDeliveries: {"method":"GET","path":"/v1/webhooks/deliveries","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  getWebhookDelivery: {"method":"GET","path":"/v1/webhooks/deliveries/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  skipWebhookDelivery: {"method":"POST","path":"/v1/webhooks/deliveries/{id}:skip","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  checkout: {"method":"POST","path":"/v1/checkout","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  placeOrder: {"method":"POST","path":"/v1/orders","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getOrder: {"method":"GET","path":"/v1/orders/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listOrders: {"method":"GET","path":"/v1/orders","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  cancelOrder: {"method":"POST","path":"/v1/orders/{id}:cancel","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  confirmOrder: {"method":"POST","path":"/v1/orders/{id}:confirm","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  transitionOrder: {"method":"POST","path":"/v1/orders/{id}:transition","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  createReservation: {"method":"POST","path":"/v1/reservations","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getReservation: {"method":"GET","path":"/v1/reservations/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listReservations: {"method":"GET","path":"/v1/reservations","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  cancelReservation: {"method":"POST","path":"/v1/reservations/{id}:cancel","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  extendReservation: {"method":"POST","path":"/v1/reservations/{id}:extend","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  changeReservation: {"method":"POST","path":"/v1/reservations/{id}:change","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  releaseReservation: {"method":"POST","path":"/v1/reservations/{id}:release","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  createWaitlistEntry: {"method":"POST","path":"/v1/waitlist","body":true,"authenticated":true,"repeatable":true,"once":false,"streams":false},
  getWaitlistEntry: {"method":"GET","path":"/v1/waitlist/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listWaitlistEntries: {"method":"GET","path":"/v1/waitlist","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  deleteWaitlistEntry: {"method":"DELETE","path":"/v1/waitlist/{id}","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  listProductWaitlist: {"method":"GET","path":"/v1/products/{sku}/waitlist","body":false,"authenticated":true,"repeatable":false,"once":false,"streams":false},
  sweep: {"method":"POST","path":"/v1/reservations:sweep","body":true,"authenticated":true,"repeatable":false,"once":false,"streams":false},
}
