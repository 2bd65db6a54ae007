/** What became of a shopper, by the numbers that the API has for it. */
export const states = [
  { name: 'outside', text: 'To come' },
  { name: 'asking', text: 'Asking' },
  { name: 'won', text: 'Reserved' },
  { name: 'refused', text: 'Sold out' },
  { name: 'paid', text: 'Paid' },
  { name: 'let-go', text: 'Let go' },
  { name: 'gave-up', text: 'No answer' },
] as const

/** Of a shopper's place, in CSS pixels. */
const smallest = 5
const largest = 34

/** The area of all places should be as high, in CSS pixels. */
const usualHeight = 230

/** How long a dot that has changed stands out, ms. */
const flashMs = 400

/** These are what everybody looks for. */
const bright = new Set([2, 4])

/** Draws thousands of dots on a canvas, as often as something changes. */
export class Painter {
  private context: CanvasRenderingContext2D | undefined
  private colors: readonly string[] = []
  private width = 0
  private cell = largest
  private columns = 1
  private shown: Uint8Array
  private readonly changedAt: Float64Array
  private frame: number | undefined

  constructor(private readonly shoppers: number) {
    this.shown = new Uint8Array(shoppers)
    this.changedAt = new Float64Array(shoppers).fill(-flashMs)
  }

  /** @param width there is, in CSS pixels @param colors of the states, in their order */
  place(context: CanvasRenderingContext2D, width: number, colors: readonly string[]): void {
    this.context = context
    this.colors = colors
    this.width = width
    const fitting = Math.floor(Math.sqrt((width * usualHeight) / this.shoppers))
    this.cell = Math.min(largest, Math.max(smallest, fitting))
    this.columns = Math.max(1, Math.floor(width / this.cell))
    const { canvas } = context
    const height = Math.ceil(this.shoppers / this.columns) * this.cell
    canvas.width = Math.round(width * devicePixelRatio)
    canvas.height = Math.round(height * devicePixelRatio)
    canvas.style.height = `${height}px`
  }

  /** @param base64 a byte for each shopper @param moves whether dots that have changed stand out for a moment */
  show(base64: string, moves: boolean): void {
    const next = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    if (next.length !== this.shoppers) return
    const now = performance.now()
    if (moves) next.forEach((state, index) => bright.has(state) && state !== this.shown[index] && (this.changedAt[index] = now))
    this.shown = next
    this.paint()
  }

  readonly paint = (): void => {
    this.rest()
    const { context, colors } = this
    if (context === undefined) return
    // Whoever measures may be late: what is drawn for another width would be stretched.
    const { clientWidth } = context.canvas
    if (clientWidth > 0 && clientWidth !== this.width) this.place(context, clientWidth, colors)
    const now = performance.now()
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    context.clearRect(0, 0, context.canvas.width, context.canvas.height)
    const { cell, columns } = this
    let isMoving = false
    this.shown.forEach((state, index) => {
      const age = (now - (this.changedAt[index] ?? 0)) / flashMs
      if (age < 1) isMoving = true
      const radius = cell * (bright.has(state) ? 0.4 : 0.3) * (age < 1 ? 1 + 0.45 * (1 - age) : 1)
      context.fillStyle = colors[state] ?? ''
      context.beginPath()
      context.arc(((index % columns) + 0.5) * cell, (Math.floor(index / columns) + 0.5) * cell, radius, 0, 2 * Math.PI)
      context.fill()
    })
    if (isMoving) this.frame = requestAnimationFrame(this.paint)
  }

  /** Nothing moves until the next change. */
  rest(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame)
    this.frame = undefined
  }
}
