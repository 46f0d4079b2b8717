/**
 * What the settings of the authorization engine require of each other.
 *
 * @module
 */
import { weakSecretFindings } from '@mandate/service'

export interface EngineSettings {
  readonly ENGINE: 'memory' | 'openfga' | 'embedded'
  /** Empty where it is not set. */
  readonly OPENFGA_URL: string
  readonly OPENFGA_API_TOKEN?: string | undefined
  readonly PDP_ENGINE_MEMORY_MB: number
  readonly PDP_SHADOW_EVERY: number
  readonly PDP_STORE_URL?: string | undefined
}

/** One compiled model of OpenFGA's largest size, and the largest sets of tuples that one decision reads. */
const LEAST_MEMORY_MB = 16
/** Requirements on OpenFGA's API token in production: least length in characters, and a pattern of demo tokens to reject. */
const TOKEN_STRENGTH = { minLength: 24, demo: /demo|change-?me|secret/iu } as const

/** Finds contradictory settings, in any environment. */
export function engineMistakes(settings: EngineSettings): readonly string[] {
  const { ENGINE: engine, OPENFGA_URL, PDP_ENGINE_MEMORY_MB, PDP_SHADOW_EVERY, PDP_STORE_URL } = settings
  return [
    ...(engine !== 'openfga' && PDP_ENGINE_MEMORY_MB < LEAST_MEMORY_MB
      ? [`PDP_ENGINE_MEMORY_MB: less than what one model and one decision need, ${LEAST_MEMORY_MB}`]
      : []),
    ...(engine !== 'embedded' && OPENFGA_URL === ''
      ? ['OPENFGA_URL: is required; without OpenFGA, for development: ENGINE=embedded']
      : []),
    ...(engine === 'embedded' && PDP_STORE_URL !== undefined
      ? ['ENGINE: embedded is for one PDP with SQLite; with PDP_STORE_URL the relationship tuples are in OpenFGA']
      : []),
    ...(engine === 'embedded' && PDP_SHADOW_EVERY > 0
      ? ['PDP_SHADOW_EVERY: decisions are compared with those of OpenFGA, which ENGINE=embedded does not have']
      : []),
  ]
}

/** Finds insecure settings: errors in production, warnings elsewhere. */
export function engineFindings({ ENGINE: engine, OPENFGA_API_TOKEN: token }: EngineSettings): readonly string[] {
  if (engine === 'embedded')
    return [
      'ENGINE: embedded is for development; run OpenFGA, move the relationship tuples there (npm run store -- to-openfga URL DIR), then set ENGINE=memory and OPENFGA_URL',
    ]
  return token === undefined
    ? ['OPENFGA_API_TOKEN: OpenFGA is called without an API token']
    : weakSecretFindings('OPENFGA_API_TOKEN', token, TOKEN_STRENGTH)
}
