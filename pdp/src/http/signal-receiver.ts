/**
 * Authenticates and verifies deliveries of security events (RFC 8935): the transmitter by its bearer or certificate, the SET by its signature, `typ`, `iss`,
 * `aud` and age.
 *
 * @module
 */
import {
  type ClientTls,
  createIssuerKeys,
  DeliveryError,
  type IssuerKeys,
  isSameSecret,
  issuerOfSet,
  verifySet,
} from '@mandate/service'
import { SIGNAL_MAX_AGE_MS } from '../ports/signals.ts'
import { type ReadSet, readSet, SignalRefused } from './signal-events.ts'
import type { SignalTransmitter } from './signal-transmitters.ts'

export interface SignalReceiverOptions {
  readonly transmitters: readonly SignalTransmitter[]
  /** Issuer of the people that the PDP knows: `PDP_ISSUER`. */
  readonly peopleOf: string
  /** Certificate authorities for fetching the keys. @default the system's authorities */
  readonly tls?: ClientTls | undefined
}

/** A verified SET with the issuer of its transmitter. */
export interface ReceivedSet extends ReadSet {
  readonly issuer: string
}

interface Known {
  readonly transmitter: SignalTransmitter
  readonly keys: IssuerKeys
}

/** Verifies deliveries of the configured transmitters. */
export class SignalReceiver {
  readonly #known: readonly Known[]
  readonly #peopleOf: string

  constructor({ transmitters, peopleOf, tls }: SignalReceiverOptions) {
    this.#peopleOf = peopleOf
    this.#known = transmitters.map((transmitter) => ({
      transmitter,
      keys: createIssuerKeys(new URL(transmitter.jwks_url), { tls }),
    }))
  }

  /** Closes the connections to the transmitters. */
  async close(): Promise<void> {
    await Promise.all(this.#known.map(({ keys }) => keys.close()))
  }

  /**
   * Finds who may be sending, by the `Authorization` headers. A transmitter without a bearer is authenticated by its certificate, in the listener.
   *
   * @throws DeliveryError `authentication_failed`.
   */
  authenticate(authorizations: readonly string[]): readonly string[] {
    const [authorization = '', ...more] = authorizations
    const bearer = /^Bearer (\S+)$/iu.exec(authorization)?.[1]
    const senders = this.#known.filter(({ transmitter }) =>
      transmitter.bearer === undefined
        ? authorization === ''
        : bearer !== undefined && [transmitter.bearer].flat().some((one) => isSameSecret(bearer, one)),
    )
    if (more.length > 0 || senders.length === 0)
      throw new DeliveryError('authentication_failed', 'The transmitter is not authenticated.')
    return senders.map(({ transmitter }) => transmitter.issuer)
  }

  /**
   * Verifies a SET.
   *
   * @param senders - Issuers that the sender may speak for, of {@link authenticate}.
   * @throws DeliveryError; Fault `identity_unavailable` when the transmitter's keys cannot be fetched.
   */
  async verify(token: string, senders: readonly string[]): Promise<ReceivedSet> {
    const issuer = issuerOfSet(token)
    const known = this.#known.find(({ transmitter }) => transmitter.issuer === issuer)
    if (!known) throw new DeliveryError('invalid_issuer', 'iss: is not known here.')
    if (!senders.includes(known.transmitter.issuer))
      throw new DeliveryError('access_denied', 'The transmitter may not send SETs of this issuer.')
    const { issuer: from, audience, algorithms, credential_change: credentialChange } = known.transmitter
    const rules = { issuer: from, audience, algorithms, keyFor: known.keys.keyFor, maxAgeMs: SIGNAL_MAX_AGE_MS }
    const claims = await verifySet(token, rules)
    try {
      return { issuer: from, ...readSet(claims, { peopleOf: this.#peopleOf, credentialChange }) }
    } catch (cause) {
      if (cause instanceof SignalRefused) throw new DeliveryError('invalid_request', cause.message, { cause })
      throw cause
    }
  }
}
