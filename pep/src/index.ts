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
export type { ActionsQuestion, HandlerQuestion, PepQuestions } from './core.ts'
export type { Decided, DecideRequest } from './decide.ts'
export type { BatchQuestion, Decider, Page, Question, SearchAnswer, SearchQuestion } from './decider.ts'
export type { DecisionEvent, DecisionHook } from './decision-hook.ts'
export type { EnforceEachOptions, EnforceOptions, FilterOptions } from './enforce.ts'
export {
  createGrantEvents,
  type GrantEvent,
  type GrantEventAnswer,
  type GrantEventDelivery,
  type GrantEvents,
  type GrantEventsOptions,
} from './grant-events.ts'
export type {
  AskingOptions,
  DryRunAnswer,
  EnforceEachRule,
  EnforceRule,
  FilterRule,
} from './guarded-request.ts'
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
export type { PathParams } from './path-params.ts'
export { createPep, type GuardMaker, type GuardOptions, type Pep } from './pep.ts'
export { answerDenial, answerFault, problems, sendProblem } from './problem.ts'
export {
  type Algorithm,
  auth0,
  type ClaimMapping,
  type ClaimSource,
  entra,
  type IdentityProvider,
  okta,
  type ProviderChanges,
  type ProviderEndpoints,
  type TokenAdapter,
  type TokenAdapterOptions,
  type TokenClaims,
} from './provider.ts'
export type { Challenge, PepLogger, Refusal } from './refusal.ts'
export type { GuardedApp } from './router.ts'
export { createServiceTokens, type ServiceTokens } from './service-tokens.ts'
export { refOf, type Subject } from './subject.ts'
export type { ClientKey, KeyCredentials, Readable, SecretCredentials } from './token-endpoint.ts'
export type { PepSpan, PepTracer } from './traced-decider.ts'
