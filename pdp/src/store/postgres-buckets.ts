/**
 * Token buckets that the PDPs of one PostgreSQL database share. Owns the table `rate_buckets`, which is not logged: after a crash of the server all buckets
 * are full. Times are by the database's clock.
 *
 * @module
 */
import type { Bucket, Taken, TokenBuckets } from '../ports/rates.ts'
import { type Database, firstRow } from './sql.ts'

/** The same instant in all places of the statement. */
const NOW = 'extract(epoch FROM statement_timestamp())::float8'
const AVAILABLE = `least($2::float8, bucket.tokens + greatest(0, ${NOW} - bucket.at) * $3::float8)`
const GRANTED = `CASE WHEN floor(${AVAILABLE}) >= $4::integer THEN least($5::integer, floor(${AVAILABLE})::integer) ELSE 0 END`
/** One statement, so that each PDP sees what the others took. Returns the new row. */
const TAKE = `INSERT INTO rate_buckets AS bucket (name, tokens, at, granted)
  VALUES ($1, $2::float8 - least($5::integer, floor($2::float8)::integer), ${NOW}, least($5::integer, floor($2::float8)::integer))
  ON CONFLICT (name) DO UPDATE SET tokens = ${AVAILABLE} - (${GRANTED}), granted = ${GRANTED}, at = greatest(bucket.at, ${NOW})
  RETURNING granted, tokens`
/** A bucket that was not used for so many seconds is full, whatever its settings. */
const UNUSED_S = 3_600
/** After so many takes unused buckets are deleted. */
const FORGET_EVERY = 1_000

export class PostgresBuckets implements TokenBuckets {
  readonly #database: Pick<Database, 'rows' | 'changeAlone'>
  #takes = 0

  constructor(database: Pick<Database, 'rows' | 'changeAlone'>) {
    this.#database = database
  }

  async take({ name, capacity, perSecond }: Bucket, least: number, most: number): Promise<Taken> {
    this.#forgetUnused()
    // A statement of its own, not queued behind the transactions of grants; `changeAlone` does not return rows.
    const row = await firstRow(this.#database, TAKE, name, capacity, perSecond, least, most)
    return { tokens: Number(row?.['granted']), left: Number(row?.['tokens']) }
  }

  #forgetUnused(): void {
    this.#takes += 1
    if (this.#takes % FORGET_EVERY !== 0) return
    this.#database
      .changeAlone(`DELETE FROM rate_buckets WHERE at < ${NOW} - $1::integer`, UNUSED_S)
      .catch(() => undefined)
  }
}
