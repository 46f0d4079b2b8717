/**
 * Tries a key of OpenFGA before it is used.
 *
 * @module
 */
import { type ClientTls, ConfigError, connectOf } from '@mandate/service'
import { Agent, request } from 'undici'
import type { Config } from '../config.ts'

/** Time for the answer, in milliseconds. */
const TIMEOUT_MS = 3_000

/**
 * @param tls - Of calls to OpenFGA.
 * @throws ConfigError when OpenFGA refuses the key, or does not answer.
 */
export async function requireKey(
  { OPENFGA_URL: url, OPENFGA_API_TOKEN: key }: Pick<Config, 'OPENFGA_URL' | 'OPENFGA_API_TOKEN'>,
  tls: ClientTls | undefined,
): Promise<void> {
  if (url === '') return
  const dispatcher = new Agent({ connect: connectOf(tls) })
  try {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const { statusCode, body } = await request(`${url}/stores?page_size=1`, { headers, signal, dispatcher })
    await body.dump()
    if (statusCode !== 200) throw new ConfigError([`OPENFGA_API_TOKEN: OpenFGA answers ${statusCode} to it`])
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError([
      `OPENFGA_API_TOKEN: OpenFGA does not answer: ${error instanceof Error ? error.message : ''}`,
    ])
  } finally {
    await dispatcher.close()
  }
}
