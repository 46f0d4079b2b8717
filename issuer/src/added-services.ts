/**
 * Services of a person's own domain beside those of `keycloak/realm.json`: each has a scope and an audience of its own name, and both native apps may
 * ask for it.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { AUDIENCES } from './realm.ts'

/** A service that was added to the realm. */
export interface AddedService {
  readonly clientId: string
  /** Services, besides the PDP, for which it may exchange a person's token. */
  readonly calls: readonly string[]
}

/** The services that were added, in the order of their names. */
export function addedServices(database: DatabaseSync): readonly AddedService[] {
  const rows = database.prepare('SELECT client_id, calls FROM services ORDER BY client_id').all()
  return rows.map(({ client_id, calls }) => ({
    clientId: String(client_id),
    calls: String(calls)
      .split(' ')
      .filter((name) => name !== ''),
  }))
}

/** Stores a service, or what it calls when it is known. */
export function storeService(database: DatabaseSync, { clientId, calls }: AddedService): void {
  database.prepare('INSERT OR REPLACE INTO services (client_id, calls) VALUES (?, ?)').run(clientId, calls.join(' '))
}

/** Scope → audience, of the realm and of the services that were added. */
export function audiencesOfRealm(database: DatabaseSync): ReadonlyMap<string, string> {
  const added = addedServices(database).map(({ clientId }): [string, string] => [clientId, clientId])
  return new Map([...AUDIENCES, ...added])
}
