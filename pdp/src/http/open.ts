/**
 * Factory of the HTTP API: authentication, limits, metadata and the app with its routes.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import type { ClientTls } from '@mandate/service'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { policyJudge } from '../decide/compare-policies.ts'
import { decide } from '../decide/decide.ts'
import type { DecideDeps } from '../decide/deps.ts'
import { Shadow } from '../decide/shadow.ts'
import type { Verdict } from '../decide/verdict.ts'
import type { PapDeps } from '../pap/pap.ts'
import type { PolicyControl } from '../pap/policies.ts'
import { ProcessWrongCodes } from '../pap/wrong-codes.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { KnownCallers } from '../ports/known-callers.ts'
import type { EntryIndex, LogReader } from '../ports/log.ts'
import type { Lookups } from '../ports/lookups.ts'
import type { TokenBuckets, WrongCodes } from '../ports/rates.ts'
import type { ReceivedSignals } from '../ports/signals.ts'
import type { Answers, Invitations, Sessions, TokenEncryption, Vault } from '../ports/stores.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { SigningKeys, signingKeysOf } from '../runtime/signing-key.ts'
import { Callers } from './caller.ts'
import { PageTokens } from './page-tokens.ts'
import type { Pseudonymizer } from './pseudonymizer.ts'
import type { Redactor } from './redact.ts'
import { createRefusedTokenLog } from './refused-tokens.ts'
import { createHttpApp, type HttpApp, type ServerDeps } from './server.ts'
import { SignalReceiver } from './signal-receiver.ts'

export interface HttpOptions extends Pick<ServerDeps, 'missing' | 'lowLimits' | 'lag' | 'tracing'> {
  readonly log: ServerDeps['log'] & Pick<LogReader, 'sequenced'>
  readonly config: Config
  /** Of calls to issuers. */
  readonly clientTls: ClientTls | undefined
  readonly logger: Logger
  readonly metrics: Metrics
  readonly pap: PapDeps
  readonly policies: PolicyControl
  readonly pseudonymizer: Pseudonymizer
  readonly redact: Redactor
  readonly barrier: ReadBarrier
  readonly index: EntryIndex
  readonly stores: {
    readonly vault: Vault
    readonly answers: Answers
    readonly callers: KnownCallers
    readonly invitations: Invitations
    readonly lookups: Lookups
    readonly sessions: Sessions
    readonly received: ReceivedSignals
    /** Counted together with other PDPs where the database is shared. */
    readonly wrongCodes: WrongCodes | undefined
    readonly buckets: TokenBuckets | undefined
    readonly tokenEncryption: TokenEncryption
  }
  /** Base URL of the listener; available once it listens. */
  readonly listening: () => string
}

export interface OpenHttp extends HttpApp {
  /** `undefined` where the metadata are not signed. */
  readonly metadataKeys: SigningKeys | undefined
  /** Keys that sign events about grants; `undefined` where no receiver is configured. */
  readonly signalKeys: SigningKeys | undefined
}

export function openHttp(options: HttpOptions): OpenHttp {
  const { config, pap, policies, stores, log } = options
  const metadataKeys = keysIn(config.PDP_METADATA_KEY_FILE)
  const signalKeys = config.PDP_SIGNAL_RECEIVERS.length > 0 ? keysIn(config.PDP_SIGNAL_KEY_FILE) : undefined
  const { relations, register, clock, facts } = pap
  const { sessions } = stores
  const decideDeps = { policies: policies.current, relations, past: register, clock, sessions }
  const app = createHttpApp({
    ...pap,
    ...options,
    ...stores,
    policies: policies.current,
    policyControl: policies,
    policyRefusal: () => policies.inUse.refusal,
    services: config.PDP_SERVICES,
    wrongCodes: stores.wrongCodes ?? new ProcessWrongCodes(clock),
    callers: createCallers(options),
    signals: createSignalReceiver(options),
    issuer: config.PDP_ISSUER,
    tokens: new PageTokens(stores.tokenEncryption),
    consistencyOf: (statistics) => relations.consistencyOf(statistics),
    position: () => log.sequenced,
    decide: createDecide(options, decideDeps),
    decideBy: (evaluation, by) => decide(evaluation, { ...decideDeps, policies: () => by }),
    judgeBy: (by) => policyJudge(by, decideDeps),
    search: { ...decideDeps, directory: register, register, facts },
    limits: limitsOf(config),
    metadataKeys,
    signalKeys,
    publicUrl: () => config.PDP_PUBLIC_URL ?? options.listening(),
    isTls: (config.PDP_PUBLIC_URL?.startsWith('https:') ?? false) || config.PDP_TLS_CERT_FILE !== undefined,
    trustProxy: config.TRUST_PROXY,
  })
  return { ...app, metadataKeys, signalKeys }
}

const keysIn = (file: string | undefined): SigningKeys | undefined =>
  file === undefined ? undefined : new SigningKeys(signingKeysOf(readFileSync(file, 'utf8')))

/** The decision, shadowed where that is configured. */
function createDecide({ config, logger, metrics }: HttpOptions, deps: DecideDeps): ServerDeps['decide'] {
  if (config.PDP_SHADOW_EVERY === 0) return (evaluation) => decide(evaluation, deps)
  const outside = AsyncLocalStorage.snapshot()
  const shadow = new Shadow({
    deps,
    every: config.PDP_SHADOW_EVERY,
    run: (task) => void outside(task),
    onCompared: (compared) => {
      metrics.shadow(compared.outcome)
      if (compared.outcome !== 'different') return
      const { members, memory, store } = compared
      const of = ({ decision, reasons, model, policy }: Verdict) => ({ decision, reasons, model, policy })
      logger.error(
        { members, memory: of(memory), store: of(store) },
        'a decision from memory differs from that of the relationship store',
      )
    },
  })
  return async (evaluation) => {
    const verdict = await decide(evaluation, deps)
    shadow.observe(evaluation, verdict)
    return verdict
  }
}

function createCallers({ config, clientTls, logger, pap, stores, barrier }: HttpOptions): Callers {
  return new Callers({
    issuer: config.PDP_ISSUER,
    audience: config.PDP_AUDIENCE,
    adminScope: config.PDP_ADMIN_SCOPE,
    secondFactor: config.PDP_SECOND_FACTOR,
    interactiveClients: config.PDP_INTERACTIVE_CLIENTS,
    services: config.PDP_SERVICES,
    known: stores.callers,
    vault: stores.vault,
    sessions: stores.sessions,
    barrier,
    clock: pap.clock,
    onRefused: createRefusedTokenLog({ clock: pap.clock, logger }),
    tls: clientTls,
    ...(config.PDP_JWKS_URL ? { jwksUrl: new URL(config.PDP_JWKS_URL) } : {}),
  })
}

/** The receiver of security events, where a transmitter is configured. */
function createSignalReceiver({ config, clientTls }: HttpOptions): SignalReceiver | undefined {
  const transmitters = config.PDP_SIGNALS
  if (transmitters.length === 0) return undefined
  return new SignalReceiver({ transmitters, peopleOf: config.PDP_ISSUER, tls: clientTls })
}

const limitsOf = (config: Config): ServerDeps['limits'] => ({
  personPerMinute: config.PDP_PERSON_PER_MINUTE,
  personBurst: config.PDP_PERSON_BURST,
  servicePerSecond: config.PDP_SERVICE_PER_SECOND,
  addressPerSecond: config.PDP_ADDRESS_PER_SECOND,
  concurrent: config.PDP_CONCURRENT,
  deciding: config.PDP_DECIDING,
  personConcurrent: config.PDP_PERSON_CONCURRENT,
  streams: config.PDP_STREAMS,
})
