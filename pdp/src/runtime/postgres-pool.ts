/**
 * PostgreSQL connections whose user and password are replaced while they are used: each new connection is made with the settings of that moment.
 *
 * @module
 */
import { Client, type ClientConfig, Pool, type PoolConfig } from 'pg'

/** A connection URL, `postgres://…`, or a function that returns the present one. */
export type UrlSource = string | (() => string)

/** The present URL. */
export const urlOf = (source: UrlSource): string => (typeof source === 'string' ? source : source())

/**
 * Creates a pool. A connection of a former URL ends as soon as it has been used: its work is not interrupted.
 *
 * @param settings - Of the next connection, with its `connectionString`.
 */
export function createPool(settings: () => ClientConfig, options: PoolConfig): Pool {
  class CurrentClient extends Client {
    readonly url: string | undefined

    constructor() {
      const now = settings()
      super(now)
      this.url = now.connectionString
    }
  }
  const pool = new Pool({ ...options, Client: CurrentClient })
  // Without listeners a broken connection would end the process; its next query rejects anyway.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('release', (_error, client) => {
    if (client instanceof CurrentClient && client.url !== settings().connectionString)
      void client.end().catch(() => undefined)
  })
  return pool
}
