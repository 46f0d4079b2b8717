/**
 * The embedded issuer's URL. Its host is a loopback address, also where the server listens on another address.
 *
 * @module
 */
import { REALM_PATH } from './realm.ts'

/** The `iss` claim of its tokens. */
export function issuerAt(port: number): string {
  return `http://127.0.0.1:${port}${REALM_PATH}`
}
