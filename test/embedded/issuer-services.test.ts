/**
 * Tokens between services, on the embedded issuer.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { type EmbeddedSubject, openEmbeddedSubject } from '../realm/contract/embedded-subject.ts'
import { servicesContract } from '../realm/contract/services-contract.ts'

let subject: EmbeddedSubject

beforeAll(async () => {
  subject = await openEmbeddedSubject()
})
afterAll(() => subject?.close())

describe('embedded issuer', () => servicesContract(() => subject))
