export type { ClientTls } from '@mandate/service'
export { createPdpAdmin, type PdpAdmin, type Registration } from './admin.ts'
export {
  type Authz,
  accessTokenOf,
  authzOf,
  type Found,
  foundOf,
  type Identity,
  itemsOf,
  permitOf,
} from './authz.ts'
export type { Decided, DecideRequest } from './decide.ts'
export type { BatchQuestion, Decider, Page, Question, SearchAnswer, SearchQuestion } from './decider.ts'
export type { DryRunAnswer, EnforceEachOptions, EnforceOptions, FilterOptions } from './enforce.ts'
export type { RequestHeaders } from './identify.ts'
export type { ObligationHandler, ObligationHandlers } from './obligations.ts'
export type { ApiKeyCredentials, Credentials, PdpAdminOptions, PepOptions, ServiceTokensOptions } from './options.ts'
export {
  type DisclosedOutcome,
  disclosed,
  type Obligation,
  type Outcome,
  type OutcomeCode,
  type Resource,
} from './outcome.ts'
export { createPep, type Pep } from './pep.ts'
export { answerDenial, answerFault, problems, sendProblem } from './problem.ts'
export type { PepLogger, Refusal } from './refusal.ts'
export type { GuardedApp } from './router.ts'
export { createServiceTokens, type ServiceTokens } from './service-tokens.ts'
export { refOf, type Subject } from './subject.ts'
export type { ClientKey, KeyCredentials, Readable, SecretCredentials } from './token-endpoint.ts'
export { endpointsOf } from './transport.ts'
