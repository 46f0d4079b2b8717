/**
 * Every row of the scenarios that `cases.test.ts` plays on OpenFGA, played against a real PDP with the embedded store.
 *
 * @module
 */
import { NO_OPENFGA, startTestPdp } from '../fixtures/pdp.ts'
import { loadAllCases, playCases } from '../fixtures/play-cases.ts'

playCases(loadAllCases(), () =>
  startTestPdp({
    openFga: NO_OPENFGA,
    database: 'sqlite',
    env: { PDP_PERSON_PER_MINUTE: '60000', ENGINE: 'embedded' },
    frozen: true,
  }),
)
