/**
 * LRU cache. Its entries have no time to live: cached facts are checked again whenever they are used.
 *
 * @module
 */

interface Node<V> {
  readonly key: string
  value: V
  older: Node<V> | undefined
  newer: Node<V> | undefined
}

/**
 * Evicts the least recently used entry when it is full. A list in the order of use links the entries: deleting a key of a large Map and setting it again,
 * to move it to the end, costs several times as much as a look-up.
 */
export class LruCache<V> {
  readonly #nodes = new Map<string, Node<V>>()
  readonly #capacity: number
  #newest: Node<V> | undefined
  #oldest: Node<V> | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string): V | undefined {
    const node = this.#nodes.get(key)
    if (!node) return undefined
    this.#use(node)
    return node.value
  }

  set(key: string, value: V): void {
    const known = this.#nodes.get(key)
    if (known) {
      known.value = value
      this.#use(known)
      return
    }
    const node: Node<V> = { key, value, older: undefined, newer: undefined }
    this.#nodes.set(key, node)
    this.#link(node)
    if (this.#nodes.size > this.#capacity && this.#oldest) this.delete(this.#oldest.key)
  }

  delete(key: string): void {
    const node = this.#nodes.get(key)
    if (!node) return
    this.#nodes.delete(key)
    this.#unlink(node)
  }

  #use(node: Node<V>): void {
    if (this.#newest === node) return
    this.#unlink(node)
    this.#link(node)
  }

  #link(node: Node<V>): void {
    node.older = this.#newest
    node.newer = undefined
    if (this.#newest) this.#newest.newer = node
    this.#newest = node
    this.#oldest ??= node
  }

  #unlink(node: Node<V>): void {
    if (node.older) node.older.newer = node.newer
    else this.#oldest = node.newer
    if (node.newer) node.newer.older = node.older
    else this.#newest = node.older
  }
}
