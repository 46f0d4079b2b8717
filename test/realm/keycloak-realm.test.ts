/**
 * The realm's contract on a real Keycloak. `test/embedded/issuer.test.ts` runs it on the embedded issuer.
 */
import { describe, inject } from 'vitest'
import { addedServicesContract } from './contract/added-services-contract.ts'
import { administrationContract } from './contract/administration-contract.ts'
import { attacksContract } from './contract/attacks-contract.ts'
import { clockContract } from './contract/clock-contract.ts'
import { deviceContract } from './contract/device-contract.ts'
import { keycloakSubject } from './contract/keycloak-subject.ts'
import { refusalsContract } from './contract/refusals-contract.ts'
import { secondFactorContract } from './contract/second-factor-contract.ts'
import { sessionsContract } from './contract/sessions-contract.ts'
import { tokensContract } from './contract/tokens-contract.ts'

const keycloak = keycloakSubject(inject('identity'))

describe('Keycloak', () => {
  tokensContract(() => keycloak)
  refusalsContract(() => keycloak)
  secondFactorContract(() => keycloak)
  sessionsContract(() => keycloak)
  attacksContract(() => keycloak)
  clockContract(() => keycloak)
  deviceContract(() => keycloak)
  administrationContract(() => keycloak)
  addedServicesContract(() => keycloak)
})
