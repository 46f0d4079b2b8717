/**
 * What a domain service tells the PDP: which resources there are, and whose (rule B1). With the service's own token.
 *
 * @module
 */
import { Fault, idSchema, nameSchema, partySchema, personaNameSchema, scopeSchema } from '@mandate/protocol'
import { z } from 'zod'
import { sooner } from './deadline.ts'
import { callJson, type JsonAnswer, type JsonCall } from './http-call.ts'
import { checkPdpAdminOptions, type PdpAdminOptions } from './options.ts'
import { createTransport } from './transport.ts'

/** A topmost resource has an owner, any other a parent. */
export type Registration =
  | { readonly type: string; readonly id: string; readonly owner: string; readonly owner_persona?: string }
  | { readonly type: string; readonly id: string; readonly parent: string }

export interface PdpAdmin {
  /**
   * Registers a resource; doing it again changes nothing.
   *
   * @throws Fault `conflict` when it is registered to somebody else, `decision_unavailable` when the PDP does not take it.
   */
  readonly register: (registration: Registration) => Promise<void>
  /** Removes a registration; one that is not there is as good as removed. @throws Fault as `register`. */
  readonly unregister: (type: string, id: string) => Promise<void>
  readonly close: () => Promise<void>
}

const key = { type: nameSchema, id: idSchema }
const registrationSchema = z.union([
  z.strictObject({ ...key, owner: partySchema, owner_persona: personaNameSchema.optional() }),
  z.strictObject({ ...key, parent: scopeSchema }),
])

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
  const pathOf = (type: string, id: string) =>
    `${transport.basePath}/v1/resources/${encodeURIComponent(type)}/${encodeURIComponent(id)}`
  return {
    register: async (registration) => {
      const parsed = registrationSchema.safeParse(registration)
      if (!parsed.success) throw new TypeError(`register: ${z.prettifyError(parsed.error)}`)
      const { type, id, ...body } = parsed.data
      accept(await call({ method: 'PUT', path: pathOf(type, id), body }), 'register')
    },
    unregister: async (type, id) => {
      const answer = await call({ method: 'DELETE', path: pathOf(type, id) })
      if (answer.status !== 404) accept(answer, 'unregister')
    },
    close: transport.close,
  }
}

function accept({ status, retryAfter }: JsonAnswer, what: string): void {
  if (status >= 200 && status < 300) return
  if (status === 409) throw new Fault('conflict', `${what}: the PDP answered 409`)
  throw new Fault('decision_unavailable', `${what}: the PDP answered ${status}`, {
    members: { retry_after: Number(retryAfter ?? 1) },
  })
}
