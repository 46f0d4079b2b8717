export { Breaker, type BreakerOptions } from './breaker.ts'
export {
  type Calls,
  type ClientTls,
  clientTlsOf,
  connectOf,
  createCalls,
  identityAgent,
  ReplaceableTls,
  tlsOptionsOf,
} from './client-tls.ts'
export { ConcurrencyLimit, limitConcurrency } from './concurrency-limit.ts'
export {
  ConfigError,
  configErrorText,
  type Environment,
  type EnvironmentRules,
  EXIT_CONFIG,
  printableEnvironment,
  readEnvironment,
  redactSettings,
  secret,
} from './config.ts'
export {
  callersDeadline,
  currentLeftMs,
  type Deadline,
  leftMs,
  runWithDeadline,
  sooner,
  TIMEOUT_HEADER,
} from './deadline.ts'
export {
  FileReloader,
  type FileReloaderOptions,
  type Reload,
  type ReloadOutcome,
} from './file-reloader.ts'
export { createIssuerKeys, type IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts'
export {
  type DrainableListener,
  type Listener,
  type ListenerBounds,
  type ListenerOptions,
  serve,
  type Tls,
} from './listener.ts'
export { once } from './once.ts'
export { type AppOptions, prepareApp } from './prepare-app.ts'
export { prepareTls, type ServiceTls } from './prepare-tls.ts'
export {
  answerProblems,
  type FaultLogger,
  faultOf,
  logFault,
  PROBLEM_HEADERS,
  type ProblemOptions,
  type ProblemResponse,
  problemResponse,
  refuseUnknownRoute,
  sendProblemResponse,
  withChallenge,
} from './problem.ts'
export { limitByAddress, RateLimit, type RateOptions, tooManyRequests } from './rate-limit.ts'
export { redact, redaction } from './redaction.ts'
export { reportFailure } from './report-failure.ts'
export { logRequests, type RequestLogOptions } from './request-log.ts'
export {
  type ProcessLogger,
  type RunningService,
  runService,
  type ServiceProgram,
  stopOnSignals,
  stopProcess,
} from './run-service.ts'
export {
  areKeysUnavailable,
  DELIVERY_ERRORS,
  DeliveryError,
  type DeliveryErrorCode,
  isSameSecret,
  issuerOfSet,
  SET_TYPE,
  type SetRules,
  verifySet,
} from './security-event-token.ts'
export {
  permissionsPolicy,
  type SecurityHeaderOptions,
  securityHeaderList,
  securityHeaders,
} from './security-headers.ts'
export { setting } from './settings.ts'
export { certificatesObjection, tlsObjection } from './tls-objection.ts'
export {
  type ListenerSecurity,
  type ListenerVariables,
  plainCallFindings,
  plainListenerFindings,
  type SecretStrength,
  tlsFindings,
  weakSecretFindings,
} from './transport-security.ts'
