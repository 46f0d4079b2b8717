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
  if (configProblems(error) !== undefined) return EXIT_CONFIG
  return error instanceof Fault && AWAY.includes(error.code) ? 69 : 70
}

/** What an operator must change, one sentence each; `undefined` for an error of another kind. The stack of these errors says nothing. */
export function configProblems(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.problems
  const isInvalid = error instanceof Fault && error.code === 'policy_invalid'
  if (error instanceof PolicyError || error instanceof StoreTaken || isInvalid) return error.message.split('\n')
  return undefined
}
