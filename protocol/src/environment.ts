/**
 * Environment variables that no process of ours starts with. Pure.
 *
 * @module
 */

/** What is wrong with an environment, in words for whoever starts the process; `undefined` when nothing is. */
export function environmentObjection(env: Readonly<Record<string, string | undefined>>): string | undefined {
  // What Node compares with: any other value leaves verification on.
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return undefined
  return 'NODE_TLS_REJECT_UNAUTHORIZED: must not be 0, which believes every certificate; name the authority that signed yours in NODE_EXTRA_CA_CERTS, or in the setting for it'
}
