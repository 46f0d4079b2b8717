/**
 * Sends events about grants: turns causes into deliveries, and delivers them to each receiver. One PDP of a database does so at a time, by a lease.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { VERIFICATION_EVENT } from '@mandate/protocol'
import type { Logger } from 'pino'
import { LEASE_MS, type Leases } from '../ports/leases.ts'
import type { SignalDelivery, SignalOutbox } from '../ports/signal-outbox.ts'
import { Channel, type ChannelOptions } from './channel.ts'
import { deliveryOf, eventsOf, type GrantEventDeps, jtiOf, latestOfEach, mayKnow, type Rights } from './grant-events.ts'
import type { SignalReceiverSettings } from './receivers.ts'

export interface SenderOptions extends GrantEventDeps, Pick<ChannelOptions, 'sign' | 'post' | 'onOutcome'> {
  readonly receivers: readonly SignalReceiverSettings[]
  readonly signalOutbox: SignalOutbox
  readonly leases: Pick<Leases, 'take' | 'release' | 'isHeldByAnother'>
  /** As they are now. */
  readonly rights: () => Rights
  readonly newId: () => string
  /** Age at which a delivery is dropped, in milliseconds. */
  readonly maxAgeMs: number
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

const LEASE = ['signals', 'sender'] as const
const POLL_MS = 500
/** How long the lease is not renewed. */
const RENEW_MS = LEASE_MS / 3
/** Causes that are read at once. */
const CAUSES = 64
const EXPIRE_EVERY_MS = 60_000

export class SignalSender {
  readonly #options: SenderOptions
  readonly #channels: readonly Channel[]
  readonly #halt = new AbortController()
  readonly #loop: Promise<void>
  #leaseUntil = Number.NEGATIVE_INFINITY
  #hasVerified = false
  #expiresAt = Number.NEGATIVE_INFINITY
  #isFailing = false

  /** Begins to send. */
  constructor(options: SenderOptions) {
    this.#options = options
    const { signalOutbox: outbox, sign, post, onOutcome, logger } = options
    const mayContinue = (): Promise<boolean> => this.#isSender()
    this.#channels = options.receivers.map(
      (receiver) => new Channel({ receiver, outbox, sign, post, onOutcome, logger, mayContinue }),
    )
    this.#loop = this.#run()
  }

  /** Stops after the requests under way, and leaves the rest to another PDP or to the next start. */
  async close(): Promise<void> {
    this.#halt.abort()
    await this.#loop
    await Promise.all(this.#channels.map((channel) => channel.close()))
    if (performance.now() < this.#leaseUntil) await this.#options.leases.release(...LEASE).catch(() => undefined)
  }

  async #run(): Promise<void> {
    const { signal } = this.#halt
    while (!signal.aborted) {
      try {
        if (await this.#isSender()) await this.#round()
        this.#isFailing = false
      } catch (error) {
        if (!this.#isFailing) this.#options.logger.warn({ err: error }, 'events about grants cannot be read')
        this.#isFailing = true
      }
      await sleep(POLL_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #isSender(): Promise<boolean> {
    if (performance.now() < this.#leaseUntil) return true
    const { leases } = this.#options
    if ((await leases.isHeldByAnother(...LEASE)) || !(await leases.take(...LEASE))) return false
    this.#leaseUntil = performance.now() + RENEW_MS
    return true
  }

  async #round(): Promise<void> {
    const { signalOutbox, logger } = this.#options
    if (await signalOutbox.start()) logger.info('events about grants are recorded from now on')
    if (!this.#hasVerified) await this.#verify()
    this.#hasVerified = true
    await this.#expire()
    while (await this.#expand());
    for (const channel of this.#channels) channel.deliver()
  }

  /** Adds the deliveries of some causes. @returns Whether there may be more causes. */
  async #expand(): Promise<boolean> {
    const { signalOutbox, receivers, rights, newId, clock } = this.#options
    const causes = await signalOutbox.causes(CAUSES)
    if (causes.length === 0) return false
    const deliveries: SignalDelivery[] = []
    for (const cause of latestOfEach(causes))
      for (const event of await eventsOf(cause, this.#options))
        for (const receiver of receivers)
          if (mayKnow(receiver, event.grant, rights()))
            deliveries.push(deliveryOf(event, receiver.endpoint_url, { id: newId(), now: clock() }))
    await signalOutbox.replace(causes, deliveries)
    return causes.length === CAUSES
  }

  async #expire(): Promise<void> {
    const { signalOutbox, clock, maxAgeMs, onOutcome, logger } = this.#options
    if (performance.now() < this.#expiresAt) return
    const count = await signalOutbox.dropBefore(clock() - maxAgeMs)
    if (count > 0)
      logger.error({ count }, 'events about grants were dropped: their receivers did not take them in time')
    for (let n = 0; n < count; n += 1) onOutcome('expired')
    this.#expiresAt = performance.now() + EXPIRE_EVERY_MS
  }

  /** At its start, the sender shows each receiver that deliveries arrive, unless other events are about to do so. */
  async #verify(): Promise<void> {
    const { signalOutbox, receivers, newId, clock } = this.#options
    const deliveries: SignalDelivery[] = []
    for (const { endpoint_url: receiver } of receivers) {
      if ((await signalOutbox.due(receiver, 1)).length > 0) continue
      const [id, now] = [newId(), clock()]
      const jti = jtiOf(receiver, VERIFICATION_EVENT, id)
      deliveries.push({
        ...{ id, jti, receiver, grant: undefined },
        ...{ event: VERIFICATION_EVENT, data: '{}', at: now, issuedAt: now },
      })
    }
    await signalOutbox.replace([], deliveries)
  }
}
