/**
 * Whether this process runs in production, for commands that start embedded parts.
 *
 * @module
 */
import { type Environment, readEnvironment, setting } from '@mandate/service'
import { z } from 'zod'

const schema = z.strictObject({ NODE_ENV: setting.nodeEnv })

/**
 * Reads `NODE_ENV`, as every service does.
 *
 * @throws ConfigError for a value that is none of the three: a misspelt `production` must not count as development.
 */
export function isProduction(env: Environment): boolean {
  return readEnvironment(env, { prefix: [], schema }).NODE_ENV === 'production'
}
