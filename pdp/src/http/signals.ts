/**
 * `POST /v1/signals`: receives security events (SETs, RFC 8417) by push (RFC 8935) from the transmitters of `PDP_SIGNALS`, and ends the sessions that they are
 * about. The end of a session is that of the back-channel logout.
 *
 * @module
 */
import { Fault, type PartyRef } from '@mandate/protocol'
import { DeliveryError, SET_TYPE } from '@mandate/service'
import express, { type RequestHandler, type Response } from 'express'
import type { Logger } from 'pino'
import type { Clock } from '../ports/clock.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import { type ReceivedSignals, SIGNAL_MAX_AGE_MS } from '../ports/signals.ts'
import type { Sessions, Vault } from '../ports/stores.ts'
import { MAX_TOKEN_AGE } from '../ports/tokens.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { authorizationsOf, exchangeOf } from './exchange.ts'
import type { AnonymousRefusals } from './faults.ts'
import { utf8Of } from './json.ts'
import { createRefusedTokenLog, type TokenRefusal, tokenRefusal } from './refused-tokens.ts'
import type { Signal, SignalEffect } from './signal-events.ts'
import type { ReceivedSet, SignalReceiver } from './signal-receiver.ts'
import type { OpenStreams } from './streams.ts'

export interface SignalDeps {
  /** `undefined` where no transmitter is configured: the endpoint is 404. */
  readonly signals: SignalReceiver | undefined
  /** Issuer of the people that the PDP knows. */
  readonly issuer: string
  readonly received: ReceivedSignals
  readonly sessions: Sessions
  readonly vault: Pick<Vault, 'pseudonymOf' | 'known'>
  readonly streams: Pick<OpenStreams, 'endOfSessions'>
  readonly barrier: Pick<ReadBarrier, 'pass'>
  readonly record: Recorder
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  readonly metrics: Pick<Metrics, 'signal'>
  readonly anonymous: Pick<AnonymousRefusals, 'count'>
}

const BODY_LIMIT = '64kb'

/** Creates the handlers: the transmitter is authenticated before its body is read. */
export function signalRoute(all: SignalDeps): readonly RequestHandler[] {
  const message = 'a delivery of security events was refused'
  const deps = { ...all, onRefused: createRefusedTokenLog({ ...all, message }) }
  const senders = new WeakMap<Response, readonly string[]>()
  const authenticate: RequestHandler = (req, res, next) => {
    if (!deps.signals) throw new Fault('not_found', 'no transmitter of security events is configured')
    refusing(deps, res, () => {
      if (deps.signals) senders.set(res, deps.signals.authenticate(authorizationsOf(req)))
      next()
    })
  }
  const receive: RequestHandler = async (req, res) => {
    const { signals } = deps
    if (!signals) return
    try {
      const body: unknown = req.body
      if (!(body instanceof Uint8Array) || body.length === 0)
        throw new DeliveryError('invalid_request', `The body must be one SET, sent as ${SET_TYPE}.`)
      const set = await signals.verify(utf8Of(body).trim(), senders.get(res) ?? [])
      await receiveSet(set, exchangeOf(res).keptId, deps)
      res.status(202).end()
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error
      answerRefused(error, res, deps)
    }
  }
  return [authenticate, express.raw({ type: SET_TYPE, limit: BODY_LIMIT }), receive]
}

interface RouteDeps extends SignalDeps {
  readonly onRefused: (refusal: TokenRefusal) => void
}

function refusing(deps: RouteDeps, res: Response, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error
    answerRefused(error, res, deps)
  }
}

/** RFC 8935, section 2.3. The refusal is counted in the log's summary of refusals without a caller. */
function answerRefused({ err, message, cause }: DeliveryError, res: Response, deps: RouteDeps): void {
  deps.anonymous.count(exchangeOf(res).address, 'invalid_request')
  deps.metrics.signal('other', err === 'authentication_failed' ? 'unauthenticated' : 'refused')
  deps.onRefused({ claim: cause === undefined ? undefined : tokenRefusal(cause).claim, code: err, reason: message })
  res.status(400).set('content-language', 'en').json({ err, description: message })
}

/** Carries a SET out once. A SET that was carried out already is acknowledged (RFC 8935, section 2.2). */
async function receiveSet(set: ReceivedSet, requestId: string | undefined, deps: SignalDeps): Promise<void> {
  const { issuer, jti, iat, signals } = set
  const isRepeated = await deps.received.has(issuer, jti)
  for (const signal of signals) {
    if (isRepeated) {
      deps.metrics.signal(signal.name, 'repeated')
      continue
    }
    await carryOut(signal, { issuer, requestId }, deps)
    const isIgnored = signal.effect.kind === 'nothing'
    deps.metrics.signal(signal.name, isIgnored ? 'ignored' : 'applied')
  }
  // Kept last: a crash before it leads to a second delivery, which changes nothing that the first one changed.
  if (!isRepeated) await deps.received.keep(issuer, jti, iat * 1_000 + SIGNAL_MAX_AGE_MS)
}

interface From {
  readonly issuer: string
  readonly requestId: string | undefined
}

async function carryOut({ name, at, effect }: Signal, from: From, deps: SignalDeps): Promise<void> {
  if (effect.kind === 'nothing') return
  if (effect.kind === 'note') {
    if (effect.status !== undefined)
      deps.logger.warn({ issuer: from.issuer, status: effect.status }, 'a transmitter changed its stream of events')
    return
  }
  await deps.barrier.pass()
  const person = await personOf(effect, deps)
  const entry: EntryDraft = {
    kind: effect.kind === 'enable' ? 'account_enabled' : 'session_ended',
    caller: 'service:signals',
    ...(person ? { subject: person } : {}),
    change: { event: name, transmitter: from.issuer },
    ...(from.requestId ? { request_id: from.requestId } : {}),
  }
  // ADR 0003: what gives is recorded before it takes effect, what takes away afterwards.
  if (effect.kind === 'enable' && person) {
    await deps.record([entry])
    await deps.sessions.enable(person, at * 1_000)
    return
  }
  await endSessions(effect, person, at, deps)
  await deps.record([entry])
}

async function endSessions(
  effect: Exclude<SignalEffect, { readonly kind: 'note' | 'nothing' }>,
  person: PartyRef | undefined,
  at: number,
  { sessions, streams, clock }: SignalDeps,
): Promise<void> {
  const until = clock() + MAX_TOKEN_AGE * 1_000
  try {
    if (effect.kind === 'end_session') await sessions.end(effect.sid, until)
    else if (person) {
      if (effect.kind === 'disable') await sessions.disable(person, at * 1_000)
      // Tokens from before the login was disabled stay refused when it is enabled again.
      await sessions.endAll(person, at * 1_000, until)
    }
  } finally {
    await streams.endOfSessions()
  }
}

/** A person whose sessions all end is registered although unknown: their tokens can still arrive. Of one session the person is only for the log. */
function personOf(
  effect: Exclude<SignalEffect, { readonly kind: 'note' | 'nothing' }>,
  { vault, issuer }: SignalDeps,
): PartyRef | undefined | Promise<PartyRef | undefined> {
  const { sub } = effect
  if (sub === undefined) return undefined
  return Promise.resolve(effect.kind === 'end_session' ? vault.known(issuer, sub) : vault.pseudonymOf(issuer, sub))
}
