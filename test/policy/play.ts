/**
 * Plays a pack's case on a real OpenFGA: a PDP and a store for each case.
 *
 * @module
 */
import { type CasedPack, type PackCase, type Places, playCase, SERVICE_CLIENT, typesOf } from '@mandate/cases'
import type { TestIssuer } from '../fixtures/issuer.ts'
import { startTestPdp } from '../fixtures/pdp.ts'

/** The servers that a case is played on. */
export interface Ground {
  readonly openFga: { readonly url: string; readonly apiToken: string }
  readonly issuer: TestIssuer
  readonly places: Places
}

const MANY = '100000'

/** @returns Each difference from what the case promises, with file and line. */
export async function playOnOpenFga(
  pack: CasedPack,
  played: PackCase,
  index: number,
  { openFga, issuer, places }: Ground,
): Promise<readonly string[]> {
  const tpdp = await startTestPdp({
    openFga,
    issuer,
    frozen: true,
    env: {
      PDP_POLICIES_DIR: places.dir,
      PDP_PACKS: places.folders.join(','),
      PDP_SERVICES: `${SERVICE_CLIENT}=${typesOf(pack.manifest).join('+')}`,
      PDP_PERSON_PER_MINUTE: MANY,
      PDP_SERVICE_PER_SECOND: MANY,
      PDP_ADDRESS_PER_SECOND: MANY,
    },
  })
  try {
    return await playCase(pack, played, index, {
      call: (method, path, as, body) => tpdp.call(method, path, { as, body }),
      now: tpdp.now,
      advance: tpdp.advance,
    })
  } finally {
    await tpdp.stop()
  }
}
