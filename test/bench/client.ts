/**
 * The client that measures: kept-alive connections, no more work for an answer than reading it.
 *
 * @module
 */
import type { Pool } from 'undici'

export type Json = Readonly<Record<string, unknown>>

/** POSTs JSON. @throws when the answer is not a success: a fast refusal is not a result. */
export async function send(pool: Pool, path: string, token: string, body: string): Promise<Json> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const response = await pool.request({ method: 'POST', path, headers, body })
  if (response.statusCode !== 200)
    throw new Error(`bench: ${path}: ${response.statusCode} ${await response.body.text()}`)
  return (await response.body.json()) as Json
}
