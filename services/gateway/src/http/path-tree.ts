import type { PathTemplate } from './path-template'

/** What ends at a node, by verb ('' is none), then by method. */
type Ends<Value> = Map<string, Map<string, Value>>

interface Node<Value> {
  literals: Map<string, Node<Value>>
  one: Node<Value> | undefined
  /** `**`: whatever is left. */
  rest: Ends<Value> | undefined
  ends: Ends<Value>
}

export interface Found<Value> {
  value: Value
  /** The path's segments, as they came, without the verb. */
  segments: string[]
}

/** The path is there, the method is not. */
export interface OtherMethods {
  allow: string[]
}

interface Search {
  segments: string[]
  verb: string
  method: string
}

/**
 * Finds what belongs to a method and a path in time that grows with the path's length, not with the number of routes.
 * A literal goes before `*`, and `*` before `**`.
 */
export class PathTree<Value> {
  private readonly root: Node<Value> = newNode()

  /** @throws Error when the same method and an equal template are there already: which of both is meant can't be known */
  add(method: string, template: PathTemplate, value: Value): void {
    let node = this.root
    let ends: Ends<Value> | undefined
    for (const segment of template.segments) {
      if (segment.kind === 'rest') ends = node.rest ??= new Map()
      else if (segment.kind === 'one') node = node.one ??= newNode()
      else node = childOf(node, segment.text)
    }
    ends ??= node.ends
    const methods = ends.get(template.verb) ?? new Map<string, Value>()
    if (methods.has(method)) throw new Error(`two routes match ${method} ${template.text}`)
    ends.set(template.verb, methods.set(method, value))
  }

  /** @param path begins with a slash; without its query. @returns undefined: there is no such path */
  find(method: string, path: string): Found<Value> | OtherMethods | undefined {
    const segments = path.slice(1).split('/')
    const last = segments[segments.length - 1] ?? ''
    const colon = last.lastIndexOf(':')
    if (colon >= 0) {
      // A path that is there with this verb is that path, never one without a verb whose last segment holds a colon.
      const head = [...segments.slice(0, -1), last.slice(0, colon)]
      const withVerb = this.search({ segments: head, verb: last.slice(colon + 1), method })
      if (withVerb !== undefined) return withVerb
    }
    return this.search({ segments, verb: '', method })
  }

  private search(what: Search): Found<Value> | OtherMethods | undefined {
    const others = new Set<string>()
    const value = descend(this.root, 0, what, others)
    if (value !== undefined) return { value, segments: what.segments }
    return others.size === 0 ? undefined : { allow: [...others].sort() }
  }
}

function descend<Value>(node: Node<Value>, index: number, what: Search, others: Set<string>): Value | undefined {
  const segment = what.segments[index]
  if (segment === undefined) return pick(node.ends, what, others) ?? pick(node.rest, what, others)
  const next = node.literals.get(segment)
  const byLiteral = next && descend(next, index + 1, what, others)
  if (byLiteral !== undefined) return byLiteral
  const byOne = node.one && segment !== '' ? descend(node.one, index + 1, what, others) : undefined
  return byOne ?? pick(node.rest, what, others)
}

function pick<Value>(ends: Ends<Value> | undefined, what: Search, others: Set<string>): Value | undefined {
  const methods = ends?.get(what.verb)
  const value = methods?.get(what.method)
  if (value === undefined) for (const method of methods?.keys() ?? []) others.add(method)
  return value
}

function newNode<Value>(): Node<Value> {
  return { literals: new Map(), one: undefined, rest: undefined, ends: new Map() }
}

function childOf<Value>(node: Node<Value>, text: string): Node<Value> {
  const known = node.literals.get(text)
  if (known !== undefined) return known
  const made = newNode<Value>()
  node.literals.set(text, made)
  return made
}
