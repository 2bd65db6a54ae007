/** The JSON shapes that tests look at most often, as a client sees them. */

export interface MoneyJson {
  currency: string
  /** Cents; a string, as int64 is in JSON. */
  amountMinor: string
}

export interface LineJson {
  sku: string
  warehouse: string
  quantity: number
  unitPrice: MoneyJson
  /** Of a bundle. */
  parts?: { sku: string; warehouse: string; quantity: number }[]
  /** Units that are still to come, and when they are expected (RFC 3339). */
  backordered: number
  backorderUntil?: string
}

export interface ReservationReply {
  reservation: {
    id: string
    userId: string
    status: 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED'
    lines: LineJson[]
    /** RFC 3339. */
    expiresAt: string
    ttlSeconds: number
    createdAt: string
    version: number
    linesVersion: number
    /** Of a part that was checked out. */
    parentId?: string
  }
  requestId: string
  replayed: boolean
}

export interface OrderReply {
  order: {
    id: string
    reservationId: string
    userId: string
    status: 'PENDING' | 'CONFIRMED' | 'PROCESSING' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED'
    paymentStatus: string
    lines: LineJson[]
    total: MoneyJson
  }
  requestId: string
  replayed: boolean
}

export interface AvailabilityReply {
  availability: { sku: string; onHand: number; reserved: number; available: number; promised: number; backorderable: number }[]
}

export interface ConsistencyReply {
  consistent: boolean
  checked: Record<string, unknown>
  differences: { kind: string; id: string; expected: string; found: string }[]
}

/** RFC 9457, application/problem+json. */
export interface ProblemReply {
  type: string
  title: string
  status: number
  detail: string
  code: string
  requestId: string
  errors?: { field: string; message: string }[]
}
