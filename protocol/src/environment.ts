/**
 * Check of environment variables that no process of ours may start with. Pure.
 *
 * @module
 */

/** Rejects `NODE_TLS_REJECT_UNAUTHORIZED=0`. Returns a message for the person who starts the process, or `undefined`. */
export function environmentObjection(env: Readonly<Record<string, string | undefined>>): string | undefined {
  // Node compares with exactly "0": any other value leaves certificate verification on.
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return undefined
  return 'NODE_TLS_REJECT_UNAUTHORIZED: must not be 0, which accepts every certificate; put the CA of your own certificate into NODE_EXTRA_CA_CERTS, or into the setting for it'
}
