/**
 * Delivery of the events of one receiver by push (RFC 8935): in order for each grant, again and again until the receiver has them.
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { SignalDelivery, SignalOutbox } from '../ports/signal-outbox.ts'
import type { Post, Posted } from '../runtime/outgoing.ts'
import type { DeliveryOutcome } from '../runtime/signal-counter.ts'
import type { SignalReceiverSettings } from './receivers.ts'

export interface ChannelOptions {
  readonly receiver: SignalReceiverSettings
  readonly outbox: Pick<SignalOutbox, 'due' | 'drop'>
  /** Signs the SET of a delivery. */
  readonly sign: (delivery: SignalDelivery, audience: string) => Promise<string>
  readonly post: Post
  /** Whether this PDP is still the one that delivers. */
  readonly mayContinue: () => Promise<boolean>
  readonly onOutcome: (outcome: DeliveryOutcome) => void
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** Deliveries that are sent at the same time, each of another grant. */
const AT_ONCE = 16
/** Deliveries that are read at once. */
const READ = 128
const TIMEOUT_MS = 5_000
/** Pause after a failure, in milliseconds: doubled each time, of random length between half of it and all of it. */
const PAUSE_MS = { first: 500, most: 300_000 } as const

const refusalSchema = z.looseObject({ err: z.string() })

export class Channel {
  readonly #options: ChannelOptions
  #running: Promise<void> | undefined
  #failures = 0
  #resumeAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  /** Begins to deliver what is due, unless it does so already or pauses after a failure. */
  deliver(): void {
    if (this.#isClosed || this.#running || performance.now() < this.#resumeAt) return
    this.#running = this.#drain()
      .catch((error: unknown) => this.#pause(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Resolves when the requests under way have ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  async #drain(): Promise<void> {
    const { outbox, receiver, mayContinue } = this.#options
    while (!this.#isClosed && (await mayContinue())) {
      const batch = firstOfEachGrant(await outbox.due(receiver.endpoint_url, READ))
      if (batch.length === 0) return
      const sent = await Promise.all(batch.map(async (delivery) => ({ delivery, error: await this.#send(delivery) })))
      await outbox.drop(sent.filter(({ error }) => error === undefined).map(({ delivery }) => delivery.id))
      const failed = sent.find(({ error }) => error !== undefined)
      if (failed) {
        this.#pause(failed.error)
        return
      }
      this.#recovered()
    }
  }

  /** @returns Why it has to be sent again; `undefined` when it need not be. */
  async #send(delivery: SignalDelivery): Promise<unknown> {
    const { receiver, sign, post, onOutcome, logger } = this.#options
    const { audience, endpoint_url: url, bearer } = receiver
    try {
      const set = await sign(delivery, audience)
      const answer = await post(url, set, TIMEOUT_MS, {
        'content-type': 'application/secevent+jwt',
        accept: 'application/json',
        authorization: `Bearer ${bearer}`,
      })
      const outcome = outcomeOf(answer)
      onOutcome(outcome)
      if (outcome === 'failed') return new Error(`the receiver answers ${describe(answer)}`)
      if (outcome === 'refused')
        logger.error(
          { audience, jti: delivery.jti, event: delivery.event },
          'a receiver refused an event about a grant',
        )
      return undefined
    } catch (error) {
      onOutcome('failed')
      return error
    }
  }

  #pause(error: unknown): void {
    const { receiver, logger } = this.#options
    const longest = Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(this.#failures, 30))
    this.#resumeAt = performance.now() + longest / 2 + randomInt(longest / 2)
    if (this.#failures === 0)
      logger.warn({ err: error, audience: receiver.audience }, 'events about grants cannot be delivered')
    this.#failures += 1
  }

  #recovered(): void {
    const { receiver, logger } = this.#options
    if (this.#failures > 0) logger.info({ audience: receiver.audience }, 'events about grants are delivered again')
    this.#failures = 0
  }
}

/** The first delivery of each grant: the next one is sent when the receiver has this one. */
function firstOfEachGrant(due: readonly SignalDelivery[]): readonly SignalDelivery[] {
  const first = new Map(due.toReversed().map((delivery) => [delivery.grant ?? delivery.id, delivery]))
  return due.filter((delivery) => first.get(delivery.grant ?? delivery.id) === delivery).slice(0, AT_ONCE)
}

/**
 * Only `invalid_request` is about the SET itself. The other errors of RFC 8935, section 2.4, are about keys, bearers and names, which an operator can correct
 * on either side.
 */
function outcomeOf(answer: Posted): DeliveryOutcome {
  if (answer.status >= 200 && answer.status < 300) return 'delivered'
  return errorCodeOf(answer) === 'invalid_request' ? 'refused' : 'failed'
}

function errorCodeOf({ status, body }: Posted): string | undefined {
  if (status !== 400) return undefined
  try {
    return refusalSchema.safeParse(JSON.parse(body)).data?.err
  } catch {
    return undefined
  }
}

/** An error code is the receiver's own text: only one of the form of RFC 8935 is passed on. */
function describe(answer: Posted): string {
  const code = errorCodeOf(answer)
  return code !== undefined && /^[a-z_]{1,64}$/u.test(code) ? `${answer.status} ${code}` : String(answer.status)
}
