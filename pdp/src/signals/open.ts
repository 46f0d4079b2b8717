/**
 * Factory of the sender of events about grants, where receivers are configured.
 *
 * @module
 */
import type { ClientTls } from '@mandate/service'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { InForce } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { Leases } from '../ports/leases.ts'
import type { Register } from '../ports/register.ts'
import type { SignalOutbox } from '../ports/signal-outbox.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { createOutgoing } from '../runtime/outgoing.ts'
import type { SigningKeys } from '../runtime/signing-key.ts'
import { SignalSender } from './sender.ts'
import { createSigner } from './signer.ts'

export interface SignalsOptions {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  readonly stores: { readonly register: Register; readonly signalOutbox: SignalOutbox; readonly leases: Leases }
  readonly policies: { readonly current: () => InForce }
  readonly clock: Clock
  readonly newId: () => string
  /** Certificate authority for receivers. @default the system's authorities */
  readonly clientTls: ClientTls | undefined
  /** Keys of `PDP_SIGNAL_KEY_FILE`; `undefined` without receivers. */
  readonly keys: SigningKeys | undefined
}

const HOUR_MS = 3_600_000

/**
 * Starts the sender. Without receivers it stops the recording of causes, and nothing runs.
 *
 * @param closing - Receives the disposer of the sender.
 */
export async function openSignals(options: SignalsOptions, closing: AsyncDisposableStack): Promise<void> {
  const { config, logger, metrics, stores, policies, clock, newId, clientTls, keys } = options
  const { PDP_SIGNAL_RECEIVERS: receivers, PDP_PUBLIC_URL: issuer } = config
  const { signalOutbox } = stores
  if (keys === undefined || issuer === undefined) {
    await signalOutbox.stop()
    return
  }
  const { post, close } = createOutgoing(config.PDP_PRIVATE_HOSTS, clientTls)
  closing.defer(close)
  await signalOutbox.start()
  metrics.watchDeliveries(() => signalOutbox.undelivered(), clock)
  const sender = new SignalSender({
    ...stores,
    ...{ receivers, post, clock, newId, logger },
    sign: createSigner(issuer, keys),
    rights: () => ({ policies: policies.current(), services: config.PDP_SERVICES }),
    onOutcome: (outcome) => metrics.delivery(outcome),
    maxAgeMs: config.PDP_SIGNAL_HOURS * HOUR_MS,
  })
  closing.defer(() => sender.close())
}
