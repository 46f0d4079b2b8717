/**
 * The query index on SQLite, synchronously: what it is made of and how it answers. {@link file://./index-sqlite.ts} keeps it fed.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import {
  type Entry,
  entrySchema,
  entryTerms,
  entryTime,
  filterTerms,
  type LoggedEntry,
  refuse,
  type Term,
} from '@mandate/protocol'
import { type Cursor, decodeCursor, encodeCursor } from './index-cursor.ts'
import { DROP_INDEX, EVERY, INDEX_SCHEMA, INDEX_VERSION, INLINE_FIELDS, type InlineField } from './index-schema.ts'
import type { IndexPage, IndexQuery, RawEntry } from './port.ts'

const MAX_REMEMBERED_TERMS = 50_000
const CACHE_KIB = 16_384

type TermLike = Term | typeof EVERY

/** A term as it stands in the index. */
interface KnownTerm {
  readonly term: number
  readonly entries: number
}

/** A part of a WHERE clause and its parameters. */
interface Condition {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

export class IndexStore {
  readonly #database: DatabaseSync
  readonly #origin: string
  readonly #terms = new Map<string, number>()
  readonly #statements = new Map<string, StatementSync>()

  /** @param path - A file, or `:memory:`. */
  constructor(path: string, origin: string) {
    this.#origin = origin
    this.#database = new DatabaseSync(path)
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};`)
    this.#database.exec(INDEX_SCHEMA)
    if (this.#meta('version') !== INDEX_VERSION || this.#meta('origin') !== origin) this.clear()
  }

  /** The first index of the log that is not in here yet. */
  get next(): number {
    const { next } = this.#get('SELECT coalesce(max(idx) + 1, 0) AS next FROM entry') ?? {}
    return Number(next ?? 0)
  }

  /** The canonical bytes of an entry, by its place in the log. */
  bytesAt(index: number): Uint8Array | undefined {
    const { body } = this.#get('SELECT body FROM entry WHERE idx = ?', index) ?? {}
    return body instanceof Uint8Array ? body : undefined
  }

  clear(): void {
    this.#statements.clear()
    this.#terms.clear()
    this.#database.exec(DROP_INDEX)
    this.#database.exec(INDEX_SCHEMA)
    this.#run("INSERT INTO meta VALUES ('version', ?), ('origin', ?)", INDEX_VERSION, this.#origin)
  }

  /** Adds entries that follow those it has, all or none. */
  add(entries: readonly RawEntry[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const counts = new Map<number, number>()
      for (const entry of entries) this.#addOne(entry, counts)
      for (const [term, count] of counts) this.#run('UPDATE term SET entries = entries + ? WHERE term = ?', count, term)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#terms.clear()
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** @throws Fault `invalid_request` for a cursor that is not of this query. */
  query(query: IndexQuery, party: string | undefined): IndexPage {
    const { limit, cursor: cursorText, ...filter } = query
    const cursor = cursorText === undefined ? undefined : decodeCursor(cursorText, filter, party)
    if (cursorText !== undefined && !cursor) throw refuse('invalid_request', 'cursor: is not one of this query.')
    const conditions = this.#conditions(filterTerms(filter, party), filter.from, filter.to)
    if (!conditions) return { entries: [], total: 0, nextCursor: undefined }
    const total = cursor?.total ?? this.#count(conditions)
    if (total === 0) return { entries: [], total, nextCursor: undefined }
    const before = cursor ?? { at: Number.MAX_SAFE_INTEGER, index: 0, newest: this.next - 1, total }
    const rows = this.#page(conditions, before, limit + 1)
    const last = rows[limit - 1]
    const next = last && rows.length > limit ? { ...before, at: last.at, index: last.index } : undefined
    return {
      entries: rows.slice(0, limit).map(({ index }) => this.#logged(index)),
      total,
      nextCursor: next && encodeCursor(next, filter, party),
    }
  }

  get(id: string): LoggedEntry | undefined {
    const { idx } = this.#get('SELECT idx FROM entry WHERE id = ? ORDER BY idx LIMIT 1', id) ?? {}
    return idx === undefined ? undefined : this.#logged(Number(idx))
  }

  close(): void {
    this.#database.close()
  }

  #addOne({ index, bytes }: RawEntry, counts: Map<number, number>): void {
    const entry: Entry = entrySchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const at = entryTime(entry)
    const inline: Record<InlineField, number> = { decision: 0, kind: 0, action: 0 }
    const terms: number[] = []
    for (const term of [EVERY, ...entryTerms(entry)]) {
      const number = this.#numberOf(term)
      terms.push(number)
      const field = INLINE_FIELDS.find((name) => name === term.field)
      if (field) inline[field] = number
      counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    const { decision, kind, action } = inline
    this.#run('INSERT INTO entry VALUES (?, ?, ?)', index, entry.id, bytes)
    for (const term of terms) {
      this.#run('INSERT INTO posting VALUES (?, ?, ?, ?, ?, ?)', term, at, index, decision, kind, action)
    }
  }

  #numberOf({ field, value }: TermLike): number {
    const key = `${field}\n${value}`
    const remembered = this.#terms.get(key)
    if (remembered !== undefined) return remembered
    this.#run('INSERT INTO term (field, value) VALUES (?, ?) ON CONFLICT DO NOTHING', field, value)
    const number = this.#find({ field, value } as TermLike)?.term ?? 0
    if (this.#terms.size >= MAX_REMEMBERED_TERMS) this.#terms.clear()
    this.#terms.set(key, number)
    return number
  }

  #find({ field, value }: TermLike): KnownTerm | undefined {
    const row = this.#get('SELECT term, entries FROM term WHERE field = ? AND value = ?', field, value)
    return row && { term: Number(row['term']), entries: Number(row['entries']) }
  }

  /** The rarest term first; `undefined` when a term is in no entry at all. */
  #conditions(terms: readonly Term[], from: number | undefined, to: number | undefined): Conditions | undefined {
    const found: (KnownTerm & { readonly field: string })[] = []
    for (const term of terms.length > 0 ? terms : [EVERY]) {
      const known = this.#find(term)
      if (!known) return undefined
      found.push({ ...known, field: term.field })
    }
    const [rarest, ...others] = found.toSorted((one, other) => one.entries - other.entries)
    if (!rarest) return undefined
    const conditions: Condition[] = [{ sql: 'p.term = ?', values: [rarest.term] }]
    if (from !== undefined) conditions.push({ sql: 'p.at >= ?', values: [from] })
    if (to !== undefined) conditions.push({ sql: 'p.at < ?', values: [to] })
    for (const { field, term } of others) conditions.push(otherTerm(field, term))
    return { conditions, only: found.length === 1 && conditions.length === 1 ? rarest.entries : undefined }
  }

  #count({ conditions, only }: Conditions): number {
    if (only !== undefined) return only
    const { sql, values } = conjunction(conditions)
    return Number(this.#get(`SELECT count(*) AS total FROM posting p WHERE ${sql}`, ...values)?.['total'] ?? 0)
  }

  #page({ conditions }: Conditions, before: Cursor, limit: number): readonly { at: number; index: number }[] {
    const paged = [
      ...conditions,
      { sql: '(p.at, p.idx) < (?, ?)', values: [before.at, before.index] },
      { sql: 'p.idx <= ?', values: [before.newest] },
    ]
    const { sql, values } = conjunction(paged)
    const text = `SELECT p.at AS at, p.idx AS idx FROM posting p WHERE ${sql} ORDER BY p.at DESC, p.idx DESC LIMIT ?`
    return this.#statement(text)
      .all(...values, limit)
      .map((row) => ({ at: Number(row['at']), index: Number(row['idx']) }))
  }

  #logged(index: number): LoggedEntry {
    const bytes = this.bytesAt(index)
    if (!bytes) throw new Error(`the index lists entry ${index} and does not hold it`)
    const entry = entrySchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    return { ...entry, index, origin: this.#origin }
  }

  #meta(name: string): string | undefined {
    const { value } = this.#get('SELECT value FROM meta WHERE name = ?', name) ?? {}
    return value === undefined ? undefined : String(value)
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #get(sql: string, ...values: readonly SQLInputValue[]): ReturnType<StatementSync['get']> {
    return this.#statement(sql).get(...values)
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }
}

/** Conditions on a posting `p`. `only`: the count, where it is known without counting. */
interface Conditions {
  readonly conditions: readonly Condition[]
  readonly only: number | undefined
}

function otherTerm(field: string, term: number): Condition {
  const inline = INLINE_FIELDS.find((name) => name === field)
  if (inline) return { sql: `p.${inline} = ?`, values: [term] }
  const sql = 'EXISTS (SELECT 1 FROM posting o WHERE o.term = ? AND o.at = p.at AND o.idx = p.idx)'
  return { sql, values: [term] }
}

function conjunction(conditions: readonly Condition[]): Condition {
  return { sql: conditions.map(({ sql }) => sql).join(' AND '), values: conditions.flatMap(({ values }) => values) }
}
