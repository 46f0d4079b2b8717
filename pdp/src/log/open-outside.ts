/**
 * Witnesses and anchors, as configured.
 *
 * @module
 */
import { parseWitnessKey } from '@mandate/protocol'
import { type Config, ConfigError } from '../config.ts'
import { createOutside, type Outside } from './outside.ts'
import type { Witness } from './witnesses.ts'

/** @throws ConfigError for a witness whose key is none. */
export async function openOutside(config: Config, onFault: (error: unknown) => void): Promise<Outside> {
  const witnesses = await Promise.all(config.PDP_WITNESSES.map(readWitness))
  return createOutside({
    witnesses,
    anchorFile: config.PDP_ANCHOR_FILE,
    anchorUrl: config.PDP_ANCHOR_URL,
    privateHosts: config.PDP_PRIVATE_HOSTS,
    onFault,
  })
}

async function readWitness({ url, vkey }: Config['PDP_WITNESSES'][number]): Promise<Witness> {
  try {
    return { url, key: await parseWitnessKey(vkey) }
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'unreadable'
    throw new ConfigError([`PDP_WITNESSES: ${url}: ${problem}; a witness has a key of type 4`])
  }
}
