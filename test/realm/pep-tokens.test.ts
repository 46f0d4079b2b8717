/**
 * Tokens between services, on a real Keycloak.
 */
import { describe, inject } from 'vitest'
import { keycloakSubject } from './contract/keycloak-subject.ts'
import { servicesContract } from './contract/services-contract.ts'

const keycloak = keycloakSubject(inject('identity'))

describe('Keycloak', () => servicesContract(() => keycloak))
