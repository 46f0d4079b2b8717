/**
 * Wrong invitation codes of the last minute, counted by all PDPs of one PostgreSQL database. Owns the table `wrong_codes`, which is not logged: after a
 * crash of the server the counts begin anew.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { MOST_WRONG_CODES, tooManyWrongCodes, WRONG_CODES_MS, type WrongCodes } from '../ports/rates.ts'
import { type Database, firstRow } from './sql.ts'

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

export class PostgresWrongCodes implements WrongCodes {
  readonly #database: Pick<Database, 'transaction' | 'changeAlone'>

  constructor(database: Pick<Database, 'transaction' | 'changeAlone'>) {
    this.#database = database
  }

  async attempt(person: string): Promise<() => Promise<void>> {
    const id = randomUUID()
    await this.#database.transaction(async (sql) => {
      await sql.change(`DELETE FROM wrong_codes WHERE at <= ${NOW} - ${WRONG_CODES_MS}`)
      const row = await firstRow(sql, 'SELECT count(*) AS wrong FROM wrong_codes WHERE person = $1', person)
      if (Number(row?.['wrong']) >= MOST_WRONG_CODES) throw tooManyWrongCodes()
      await sql.change(`INSERT INTO wrong_codes (id, person, at) VALUES ($1, $2, ${NOW})`, id, person)
    })
    return async () => void (await this.#database.changeAlone('DELETE FROM wrong_codes WHERE id = $1', id))
  }
}
