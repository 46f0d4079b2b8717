/**
 * Exit statuses of a PDP that does not start.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { ConfigError, EXIT_CONFIG } from '@mandate/service'
import { StoreTaken } from './openfga/claim.ts'
import { PolicyError } from './policy/yaml.ts'

/** Faults at start that mean that another server does not answer. */
const AWAY: readonly string[] = ['relations_unavailable', 'index_unavailable']

/** 78 for what an operator must change, 69 for a server that does not answer, 70 for anything else. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof PolicyError || error instanceof ConfigError || error instanceof StoreTaken) return EXIT_CONFIG
  if (!(error instanceof Fault)) return 70
  if (error.code === 'policy_invalid') return EXIT_CONFIG
  return AWAY.includes(error.code) ? 69 : 70
}
