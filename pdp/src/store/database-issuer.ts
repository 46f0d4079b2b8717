/**
 * Ties a database to the issuer whose people it knows. Another issuer may use the same ids for other agents, services and API keys, so that its callers
 * must not meet what this database holds.
 *
 * @module
 */
import { ConfigError } from '@mandate/service'
import type { ConfiguredIssuer } from '../ports/configured-issuer.ts'
import { type Database, firstRow, text } from './sql.ts'

/**
 * Notes the issuer in a database that has none yet.
 *
 * @param runningBeside - Finds another running PDP of the database.
 * @throws ConfigError when the database is of another issuer, unless that is the former one and no PDP runs with it.
 */
export async function requireIssuer(
  database: Pick<Database, 'transaction' | 'change'>,
  { issuer, former }: ConfiguredIssuer,
  runningBeside: () => Promise<string | undefined>,
): Promise<void> {
  const known = await database.transaction(async (sql) => {
    await sql.change('UPDATE identity SET issuer = $1 WHERE issuer IS NULL', issuer)
    return text((await firstRow(sql, 'SELECT issuer FROM identity'))?.['issuer'])
  })
  if (known === issuer) return
  if (known !== former) throw new ConfigError([otherIssuer('the database', known)])
  const other = await runningBeside()
  if (other !== undefined)
    throw new ConfigError([
      `PDP_FORMER_ISSUER: the PDP ${other} runs on this database with the former issuer: stop all PDPs first`,
    ])
  await database.change('UPDATE identity SET issuer = $1', issuer)
}

/** The message for something that belongs to another issuer. */
function otherIssuer(what: string, known: string): string {
  return (
    `PDP_ISSUER: ${what} belongs to the issuer ${known}. Each tenant has a database, an index, a data folder and a store of OpenFGA of its own. ` +
    `Only if the issuer itself got another name: set PDP_FORMER_ISSUER=${known}; its people are strangers then`
  )
}
