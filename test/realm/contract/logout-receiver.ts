/**
 * Receives back-channel logouts where the PDP would.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** Listens until the test has finished. @returns The logout tokens so far; more are added as they come. */
export async function logoutReceiver(port: number): Promise<readonly string[]> {
  const tokens: string[] = []
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      res.end()
      tokens.push(new URLSearchParams(body).get('logout_token') ?? '')
    })
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return tokens
}
