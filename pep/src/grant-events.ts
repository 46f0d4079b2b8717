/**
 * Receiver of events about grants: a PDP says that a grant ended or cannot be used now, so that long work which rests on it stops without asking. For Express
 * and, by {@link GrantEvents.receive}, for any other server.
 *
 * @module
 */
import { GRANT_EVENTS, grantEventSchema, grantSubjectSchema, joinUrl, plainHttpObjection } from '@mandate/protocol'
import {
  type ClientTls,
  createIssuerKeys,
  DeliveryError,
  type IssuerKeys,
  isSameSecret,
  SET_TYPE,
  verifySet,
} from '@mandate/service'
import type { Request, RequestHandler } from 'express'
import type { JWTPayload } from 'jose'
import { z } from 'zod'
import { stderrLogger } from './default-logger.ts'
import { checkOptions, isLogger } from './options.ts'
import type { PepLogger } from './refusal.ts'

/** An event about one grant. */
export interface GrantEvent {
  /** Id of the grant: the member `grant` of a link in the `chain` of a permit. */
  readonly grant: string
  /** `ended` is final. `suspended`: not usable now, and maybe again later. */
  readonly what: 'ended' | 'suspended'
  /** Of an end: `revoked`, `replaced`, `transferred`, `above_ended`, or another one of a newer PDP. */
  readonly reason: string | undefined
  /** What the grant covers: `workflow:<id>` or `all:<domain>`. */
  readonly scope: string
  /** When it happened, in seconds since 1970. */
  readonly at: number
}

/** Options of {@link createGrantEvents}. */
export interface GrantEventsOptions {
  /** `iss` of the events: `PDP_PUBLIC_URL` of the PDP, compared character by character. */
  readonly issuer: string
  /** `audience` of this receiver at the PDP. */
  readonly audience: string
  /** `bearer` of this receiver at the PDP; two while it is replaced. At least 32 characters each. */
  readonly bearer: string | readonly string[]
  /** Where the PDP's keys are. @default `/v1/signals/keys` of the issuer */
  readonly jwksUrl?: string
  /**
   * Called once for each event, before the PDP is answered. When it rejects, the answer is 503 and the PDP sends the event again. A restart forgets which events
   * came, so it must bear a repetition.
   */
  readonly onEvent: (event: GrantEvent) => void | Promise<void>
  /** Greatest age of an event, in milliseconds. @default seven days */
  readonly maxAgeMs?: number
  /** For the fetch of the keys. @default the system's authorities */
  readonly tls?: ClientTls
  /** Host names from which the keys may be fetched in plain HTTP though they are not on loopback. @default none */
  readonly plainHttpHosts?: readonly string[]
  /** Gets refused deliveries and what `onEvent` rejected with; a pino logger fits. @default lines of JSON on standard error */
  readonly logger?: PepLogger
}

/** A delivery as any server has it. */
export interface GrantEventDelivery {
  /** Every `Authorization` header. */
  readonly authorization: readonly string[]
  readonly contentType: string | undefined
  readonly body: Uint8Array
}

/** What to answer. `body`, where there is one, is sent as JSON. */
export interface GrantEventAnswer {
  readonly status: number
  readonly body?: { readonly err: string; readonly description: string }
}

/** A receiver of events about grants. */
export interface GrantEvents {
  /** Express: the whole route, for `app.post(path, …)`. It reads the body itself, so it comes before `express.json()`. */
  readonly handler: RequestHandler
  /** Any other server. Never rejects. @param delivery - At most 64 KiB. */
  readonly receive: (delivery: GrantEventDelivery) => Promise<GrantEventAnswer>
  readonly close: () => Promise<void>
}

const WEEK_MS = 7 * 86_400_000
const MAX_BODY_BYTES = 65_536
/** Ids that are kept; the oldest is dropped. One that comes again after that is handled again. */
const MAX_KEPT = 20_000
const ALGORITHMS = ['ES256', 'EdDSA'] as const

const bearer = z.string().min(32)
const optionsSchema = z
  .strictObject({
    issuer: z.url({ protocol: /^https?$/u }),
    audience: z.string().min(1),
    bearer: z.union([bearer.transform((one) => [one]), z.array(bearer).min(1).max(2)]),
    jwksUrl: z.url({ protocol: /^https?$/u }).optional(),
    onEvent: z.custom<GrantEventsOptions['onEvent']>((value) => typeof value === 'function', 'must be a function'),
    maxAgeMs: z.int().min(60_000).max(WEEK_MS).default(WEEK_MS),
    tls: z.custom<ClientTls>().optional(),
    plainHttpHosts: z.array(z.string().min(1)).default([]),
    logger: z.custom<PepLogger>(isLogger, 'must have warn() and error()').default(stderrLogger),
  })
  .transform((options) => ({ ...options, jwksUrl: options.jwksUrl ?? joinUrl(options.issuer, '/v1/signals/keys') }))
  .superRefine(({ jwksUrl, plainHttpHosts }, context) => {
    const message = plainHttpObjection(jwksUrl, plainHttpHosts)
    if (message) context.addIssue({ code: 'custom', path: ['jwksUrl'], message })
  })

const claimsSchema = z.looseObject({
  jti: z.string().min(1).max(255),
  exp: z.undefined().optional(),
  sub: z.undefined().optional(),
  sub_id: grantSubjectSchema,
  events: z.record(z.string(), z.unknown()),
})

/** @throws TypeError naming every bad option. */
export function createGrantEvents(options: GrantEventsOptions): GrantEvents {
  const receiver = new Receiver(checkOptions('createGrantEvents', optionsSchema, options))
  return {
    handler: (req, res, next) => {
      const answered = receiveFrom(receiver, req).then(({ status, body }) => {
        res.status(status)
        if (body) res.set('content-language', 'en').json(body)
        else res.end()
      })
      // Express 4 does not catch what a promise rejects with: a request that was cut off.
      answered.catch(next)
    },
    receive: (delivery) => receiver.receive(delivery),
    close: () => receiver.close(),
  }
}

async function receiveFrom(receiver: Receiver, req: Request): Promise<GrantEventAnswer> {
  const body = await bodyOf(req)
  if (body === undefined) return { status: 413 }
  const authorization = req.headersDistinct['authorization'] ?? []
  return await receiver.receive({ authorization, contentType: req.headers['content-type'], body })
}

class Receiver {
  readonly #options: z.output<typeof optionsSchema>
  readonly #keys: IssuerKeys
  /** Events that came, by `jti`. The promise of one that is being handled is shared. */
  readonly #handled = new Map<string, Promise<void>>()

  constructor(options: z.output<typeof optionsSchema>) {
    this.#options = options
    this.#keys = createIssuerKeys(new URL(options.jwksUrl), { tls: options.tls })
  }

  close(): Promise<void> {
    return this.#keys.close()
  }

  async receive(delivery: GrantEventDelivery): Promise<GrantEventAnswer> {
    try {
      this.#authenticate(delivery.authorization)
      await this.#handle(await this.#verify(delivery))
      return { status: 202 }
    } catch (error) {
      const { logger } = this.#options
      if (error instanceof DeliveryError) {
        logger.warn({ err: error.err, description: error.message }, 'an event about a grant is refused')
        return { status: 400, body: { err: error.err, description: error.message } }
      }
      // Keys that cannot be fetched, and work that could not be stopped: the PDP sends the event again.
      logger.error({ err: error }, 'an event about a grant could not be handled')
      return { status: 503 }
    }
  }

  #authenticate([authorization = '', ...more]: readonly string[]): void {
    const sent = /^Bearer (\S+)$/iu.exec(authorization)?.[1]
    const isKnown = sent !== undefined && this.#options.bearer.some((known) => isSameSecret(sent, known))
    if (more.length > 0 || !isKnown)
      throw new DeliveryError('authentication_failed', 'The transmitter is not authenticated.')
  }

  async #verify({ contentType = '', body }: GrantEventDelivery): Promise<JWTPayload> {
    if (contentType.split(';')[0]?.trim().toLowerCase() !== SET_TYPE || body.length > MAX_BODY_BYTES)
      throw new DeliveryError('invalid_request', `The body must be one SET, sent as ${SET_TYPE}.`)
    const { issuer, audience, maxAgeMs } = this.#options
    const rules = { issuer, audience, maxAgeMs, algorithms: ALGORITHMS, keyFor: this.#keys.keyFor }
    return verifySet(new TextDecoder().decode(body).trim(), rules)
  }

  async #handle(payload: JWTPayload): Promise<void> {
    const claims = claimsSchema.safeParse(payload)
    if (!claims.success) throw new DeliveryError('invalid_request', 'The SET is not about a grant.')
    const events = eventsIn(claims.data)
    const { jti } = claims.data
    const known = this.#handled.get(jti)
    if (known) {
      await known
      return
    }
    const work = this.#callAll(events)
    this.#handled.set(jti, work)
    const [oldest] = this.#handled.keys()
    if (this.#handled.size > MAX_KEPT && oldest !== undefined) this.#handled.delete(oldest)
    try {
      await work
    } catch (error) {
      this.#handled.delete(jti)
      throw error
    }
  }

  async #callAll(events: readonly GrantEvent[]): Promise<void> {
    for (const event of events) await this.#options.onEvent(event)
  }
}

/** Events of other kinds, such as the verification of the stream, are accepted and ignored. */
function eventsIn({ sub_id: subject, events }: z.output<typeof claimsSchema>): readonly GrantEvent[] {
  return (['ended', 'suspended'] as const).flatMap((what) => {
    const body = events[GRANT_EVENTS[what]]
    if (body === undefined) return []
    const members = grantEventSchema.safeParse(body)
    if (!members.success) throw new DeliveryError('invalid_request', `events: grant-${what} is malformed.`)
    const { reason, scope, event_timestamp: at } = members.data
    return [{ grant: subject.id, what, reason, scope, at }]
  })
}

/** @returns `undefined` for a body that is too large. */
async function bodyOf(req: Request): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // The answer to a body that is too large still needs the connection.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
