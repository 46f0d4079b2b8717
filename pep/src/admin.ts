/**
 * Client for a domain service's administration at the PDP: registers and transfers resources (rule B1) and reads erasure notices (rule E4).
 * Authenticates with the service's own token.
 *
 * @module
 */
import {
  type ErasureNotice,
  erasureNoticeSchema,
  Fault,
  nameSchema,
  PROBLEMS,
  type ProblemCode,
  partySchema,
  pathIdSchema,
  personaNameSchema,
  scopeSchema,
} from '@mandate/protocol'
import { sooner } from '@mandate/service'
import { z } from 'zod'
import { callJson, describeRefusal, type JsonAnswer, type JsonCall, objectionOf } from './http-call.ts'
import { checkPdpAdminOptions, type PdpAdminOptions } from './options.ts'
import { createTransport } from './transport.ts'

/** A topmost resource has an owner, any other a parent. */
export type Registration =
  | { readonly type: string; readonly id: string; readonly owner: string; readonly owner_persona?: string }
  | { readonly type: string; readonly id: string; readonly parent: string }

/** The new owner of a resource. */
export interface NewOwner {
  readonly owner: string
  readonly owner_persona?: string
}

/** Calls of a domain service to the PDP's administration, with the service's own token: resources (rule B1) and erasures (rule E4). */
export interface PdpAdmin {
  /**
   * Registers a resource; doing it again changes nothing.
   *
   * @throws Fault `conflict` when it is registered to another owner, and any other code of the PDP that refuses what was sent, with the PDP's `detail`
   *   (such as `persona_invalid` without an `owner_persona` that the type needs). `decision_unavailable` when the PDP does not answer, or refuses this
   *   service: its message, for the log, says what the PDP answered.
   */
  readonly register: (registration: Registration) => Promise<void>
  /** Removes a registration; no error when there is none. @throws Fault as `register`. */
  readonly unregister: (type: string, id: string) => Promise<void>
  /**
   * Transfers a topmost resource to another owner; doing it again changes nothing.
   *
   * @returns `refused` when the PDP refuses permanently: retrying does not help.
   * @throws Fault `decision_unavailable` when the outcome is unknown.
   */
  readonly transfer: (type: string, id: string, to: NewOwner) => Promise<'done' | 'refused'>
  /** Reads erasure notices that this service has not acknowledged, oldest first. @throws Fault `decision_unavailable`. */
  readonly erasures: () => Promise<readonly ErasureNotice[]>
  /** Acknowledges a notice: this service has erased the person. @throws Fault `decision_unavailable`. */
  readonly acknowledge: (notice: string) => Promise<void>
  readonly close: () => Promise<void>
}

const key = { type: nameSchema, id: pathIdSchema }
const registrationSchema = z.union([
  z.strictObject({ ...key, owner: partySchema, owner_persona: personaNameSchema.optional() }),
  z.strictObject({ ...key, parent: scopeSchema }),
])
const newOwnerSchema = z.strictObject({ owner: partySchema, owner_persona: personaNameSchema.optional() })
const erasuresSchema = z.object({ items: z.array(erasureNoticeSchema) })
/** Statuses that refuse the transfer itself. Any other may be temporary: about the token, the load or the store. */
const REFUSALS = new Set([400, 404, 409, 422])

/** @throws TypeError naming every bad option. */
export function createPdpAdmin(options: PdpAdminOptions): PdpAdmin {
  const transport = createTransport(checkPdpAdminOptions(options))
  const call = async (request: JsonCall): Promise<JsonAnswer> => {
    try {
      return await callJson(transport, request, sooner(transport.timeoutMs, undefined))
    } catch (cause) {
      throw new Fault('decision_unavailable', 'the PDP could not be reached', { cause, members: { retry_after: 1 } })
    }
  }
  const at = (...path: readonly string[]) => ['', 'v1', ...path.map((part) => encodeURIComponent(part))].join('/')
  const acknowledge = async (notice: string) => {
    const answer = await call({ method: 'POST', path: at('erasures', notice, 'acknowledge') })
    if (answer.status !== 404) accept(answer, 'acknowledge')
  }
  return {
    ...registering(call, at),
    erasures: () => erasuresBy(call, at('erasures')),
    acknowledge,
    close: transport.close,
  }
}

type Call = (request: JsonCall) => Promise<JsonAnswer>
type At = (...path: readonly string[]) => string

function registering(call: Call, at: At): Pick<PdpAdmin, 'register' | 'unregister' | 'transfer'> {
  return {
    register: async (registration) => {
      const { type, id, ...body } = checked('register', registrationSchema, registration)
      accept(await call({ method: 'PUT', path: at('resources', type, id), body }), 'register')
    },
    unregister: async (type, id) => {
      const answer = await call({ method: 'DELETE', path: at('resources', type, id) })
      if (answer.status !== 404) accept(answer, 'unregister')
    },
    transfer: async (type, id, to) => {
      const body = checked('transfer', newOwnerSchema, to)
      const answer = await call({ method: 'POST', path: at('resources', type, id, 'transfer'), body })
      if (REFUSALS.has(answer.status)) return 'refused'
      accept(answer, 'transfer')
      return 'done'
    },
  }
}

async function erasuresBy(call: Call, path: string): Promise<readonly ErasureNotice[]> {
  const answer = await call({ method: 'GET', path })
  accept(answer, 'erasures')
  const parsed = erasuresSchema.safeParse(answer.body)
  if (parsed.success) return parsed.data.items
  throw new Fault('decision_unavailable', 'erasures: the PDP answered nonsense', { members: { retry_after: 1 } })
}

function checked<S extends z.ZodType>(what: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new TypeError(`${what}: ${z.prettifyError(parsed.error)}`)
}

/** Statuses by which the PDP refuses what the service sent: trying again does not help. */
const MISTAKES: ReadonlyMap<number, ProblemCode> = new Map([
  [400, 'invalid_request'],
  [404, 'not_found'],
  [409, 'conflict'],
  [412, 'precondition_failed'],
  [413, 'payload_too_large'],
  [422, 'invalid_request'],
  [428, 'precondition_required'],
])
/** @throws Fault with the PDP's own code and detail where it refuses what was sent; else `decision_unavailable`. */
function accept(answer: JsonAnswer, what: string): void {
  const { status, retryAfter } = answer
  if (status >= 200 && status < 300) return
  const { code = '', detail, field } = objectionOf(answer)
  const message = `${what}: ${describeRefusal(answer)}`
  const mistake = MISTAKES.get(status)
  if (mistake === undefined)
    throw new Fault('decision_unavailable', message, { members: { retry_after: Number(retryAfter ?? 1) } })
  // One of another PDP's own codes has no title here.
  const own = Object.hasOwn(PROBLEMS, code) && PROBLEMS[code as ProblemCode].status === status
  throw new Fault(own ? (code as ProblemCode) : mistake, message, {
    ...(detail === undefined ? {} : { detail }),
    members: field === undefined ? {} : { field },
  })
}
