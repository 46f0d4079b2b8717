/**
 * Tuples and models of the embedded relationship store, in SQLite. Owns the tables `tuples`, `tuple_changes`, `tuple_models` and `tuples_moved`, which a
 * PostgreSQL database does not have.
 *
 * @module
 */
import { type EpochMillis, Fault } from '@mandate/protocol'
import type { TupleName } from '../ports/invalidations.ts'
import type { Intents } from '../ports/stores.ts'
import type {
  AppliedChange,
  ModelRow,
  TupleChange,
  TupleHome,
  TuplePattern,
  TupleRow,
  TupleRowReads,
  TupleRows,
} from '../ports/tuple-rows.ts'
import type { Announcer } from './announcer.ts'
import { type Database, firstRow, inList, optional, type Queries, type Row, type SqlValue, text } from './sql.ts'

/** Tables that a move to PostgreSQL leaves in the file. */
export const TUPLE_TABLES: readonly string[] = ['tuple_changes', 'tuple_models', 'tuples', 'tuples_moved']

const BY_KEY = 'object = $1 AND relation = $2 AND user = $3'
/** SQLite's expression for no limit. */
const ALL = -1

export interface SqlTuplesOptions {
  readonly announcer: Announcer
  /** Knows the changes of facts under way. */
  readonly intents: Pick<Intents, 'factChanges'>
}

export class SqlTuples implements TupleRows {
  readonly #sql: Pick<Database, 'rows' | 'change' | 'transaction'>
  readonly #options: SqlTuplesOptions

  constructor(sql: Pick<Database, 'rows' | 'change' | 'transaction'>, options: SqlTuplesOptions) {
    this.#sql = sql
    this.#options = options
  }

  read(pattern: TuplePattern, most?: number): Promise<readonly TupleRow[]> {
    return available(() => readTuples(this.#sql, pattern, most))
  }

  async write(change: TupleChange, missing: 'refuse' | 'ignore'): Promise<boolean> {
    const { announcer } = this.#options
    const events = announced(change)
    try {
      return await this.#sql.transaction(async (sql) => {
        if (!(await isPossible(sql, change, missing))) return false
        await apply(sql, change)
        for (const event of events) await announcer.announce(sql, event)
        return true
      })
    } catch (cause) {
      // SQLite rolls back before it reports a failed COMMIT. Memory drops these tuples all the same, in case the change was made.
      for (const event of events) announcer.announceUncommitted(event)
      throw unavailable(cause)
    }
  }

  outcomeOf(id: string, at: EpochMillis): Promise<'applied' | 'withdrawn'> {
    return available(() =>
      this.#sql.transaction(async (sql) => {
        const known = await firstRow(sql, 'SELECT applied FROM tuple_changes WHERE id = $1', id)
        if (!known) await recordChange(sql, { id, at, keys: [] }, false)
        return known?.['applied'] === 1 ? 'applied' : 'withdrawn'
      }),
    )
  }

  changesSince(since: EpochMillis): Promise<readonly AppliedChange[]> {
    const sql = 'SELECT id, at, keys FROM tuple_changes WHERE at >= $1 AND applied = 1 ORDER BY seq'
    return available(async () => (await this.#sql.rows(sql, since)).map(changeOf))
  }

  forgetChanges(before: EpochMillis): Promise<void> {
    return available(async () => {
      const underWay = await this.#options.intents.factChanges()
      const ids = underWay.map(({ plan }) => plan.id)
      const { places, values } = inList(ids, 2)
      await this.#sql.change(`DELETE FROM tuple_changes WHERE at < $1 AND id NOT IN (${places})`, before, ...values)
    })
  }

  snapshot<T>(work: (reads: TupleRowReads) => Promise<T>): Promise<T> {
    return available(() =>
      this.#sql.transaction((sql) => work({ read: (pattern, most) => readTuples(sql, pattern, most) })),
    )
  }

  model(id: string): Promise<object | undefined> {
    return available(async () => {
      const body = optional((await firstRow(this.#sql, 'SELECT body FROM tuple_models WHERE id = $1', id))?.['body'])
      return body === undefined ? undefined : (JSON.parse(body) as object)
    })
  }

  models(): Promise<readonly ModelRow[]> {
    const sql = 'SELECT id, body FROM tuple_models ORDER BY at DESC, id'
    return available(async () =>
      (await this.#sql.rows(sql)).map((row) => ({ id: text(row['id']), model: JSON.parse(text(row['body'])) })),
    )
  }

  putModel({ id, model }: ModelRow, at: EpochMillis): Promise<void> {
    const sql = `INSERT INTO tuple_models (id, body, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET at = excluded.at`
    return available(async () => void (await this.#sql.change(sql, id, JSON.stringify(model), at)))
  }

  home(): Promise<TupleHome> {
    return available(async () => {
      const moved = await firstRow(this.#sql, 'SELECT place, at FROM tuples_moved')
      if (moved) return { kind: 'moved', place: text(moved['place']), at: text(moved['at']) }
      return { kind: (await firstRow(this.#sql, 'SELECT 1 FROM tuples LIMIT 1')) ? 'here' : 'none' }
    })
  }

  markMoved(place: string, at: EpochMillis): Promise<void> {
    return available(() =>
      this.#sql.transaction(async (sql) => {
        const moved = 'INSERT INTO tuples_moved (one, place, at) VALUES (1, $1, $2)'
        await sql.change(moved, place, new Date(at).toISOString())
        for (const table of ['tuples', 'tuple_changes', 'tuple_models']) await sql.change(`DELETE FROM ${table}`)
      }),
    )
  }
}

/** An error of the database becomes the fault that decisions and administration know. */
const unavailable = (cause: unknown): Fault =>
  cause instanceof Fault
    ? cause
    : new Fault('relations_unavailable', 'the relationship store in pdp.db cannot be used', { cause })

async function available<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** Memory drops the tuples and may hold them again at once: the outcome is known. */
const announced = ({ id, writes, deletes }: TupleChange) =>
  [
    { kind: 'open', change: id, keys: [...deletes, ...writes].map(nameOf) },
    { kind: 'close', change: id },
  ] as const

async function isPossible(sql: Queries, change: TupleChange, missing: 'refuse' | 'ignore'): Promise<boolean> {
  const { id, writes, deletes } = change
  if (await firstRow(sql, 'SELECT 1 FROM tuple_changes WHERE id = $1', id)) return false
  const deleted = new Set<string>()
  for (const key of deletes) {
    if (missing === 'refuse' && !(await exists(sql, key))) return false
    deleted.add(JSON.stringify(nameOf(key)))
  }
  for (const tuple of writes)
    if (!deleted.has(JSON.stringify(nameOf(tuple))) && (await exists(sql, tuple))) return false
  return true
}

async function exists(sql: Queries, { object, relation, user }: TupleName): Promise<boolean> {
  return (await firstRow(sql, `SELECT 1 FROM tuples WHERE ${BY_KEY}`, object, relation, user)) !== undefined
}

async function apply(sql: Queries, { id, at, writes, deletes }: TupleChange): Promise<void> {
  for (const { object, relation, user } of deletes)
    await sql.change(`DELETE FROM tuples WHERE ${BY_KEY}`, object, relation, user)
  for (const { object, relation, user, condition } of writes)
    await sql.change(
      'INSERT INTO tuples (object, relation, user, condition) VALUES ($1, $2, $3, $4)',
      ...[object, relation, user, condition ? JSON.stringify(condition) : null],
    )
  await recordChange(sql, { id, at, keys: [...deletes, ...writes].map(nameOf) }, true)
}

async function recordChange(sql: Queries, { id, at, keys }: AppliedChange, applied: boolean): Promise<void> {
  const statement = 'INSERT INTO tuple_changes (id, at, keys, applied) VALUES ($1, $2, $3, $4)'
  await sql.change(statement, id, at, JSON.stringify(keys), applied ? 1 : 0)
}

async function readTuples(
  sql: Pick<Queries, 'rows'>,
  { object, type, relation, user }: TuplePattern,
  most = ALL,
): Promise<readonly TupleRow[]> {
  const values: SqlValue[] = [most]
  const conditions: string[] = []
  const where = (condition: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push(`${condition} $${values.push(value)}`)
  }
  where('object =', object)
  // All objects of the type: `;` is the character after `:`.
  where('object >=', type && `${type}:`)
  where('object <', type && `${type};`)
  where('relation =', relation)
  where('user =', user)
  const all = `SELECT object, relation, user, condition FROM tuples`
  const matching = conditions.length > 0 ? `${all} WHERE ${conditions.join(' AND ')}` : all
  return (await sql.rows(`${matching} ORDER BY seq LIMIT $1`, ...values)).map(tupleOf)
}

const nameOf = ({ user, relation, object }: TupleName): TupleName => ({ user, relation, object })

function tupleOf(row: Row): TupleRow {
  const key = { user: text(row['user']), relation: text(row['relation']), object: text(row['object']) }
  const condition = optional(row['condition'])
  return condition === undefined ? key : { ...key, condition: JSON.parse(condition) }
}

const changeOf = (row: Row): AppliedChange => ({
  id: text(row['id']),
  at: Number(row['at']),
  keys: JSON.parse(text(row['keys'])) as readonly TupleName[],
})
