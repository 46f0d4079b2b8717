/**
 * Setting `PDP_SIGNAL_RECEIVERS`: the services and agents that are sent events about grants.
 *
 * @module
 */
import { setting } from '@mandate/service'
import { z } from 'zod'
import { bearerSchema, jsonArray } from '../list-settings.ts'

/** One endpoint. A service gets events about grants that cover its types, an agent about the grants that it holds. */
const receiverSchema = z
  .strictObject({
    /** Client id of a service in `PDP_SERVICES`. */
    service: z.string().min(1).optional(),
    /** Id of an agent. */
    agent: z.string().min(1).optional(),
    endpoint_url: setting.exactUrl,
    /** `aud` of the SETs. @default the service or the agent */
    audience: z.string().min(1).max(255).optional(),
    bearer: bearerSchema,
  })
  .refine(({ service, agent }) => (service === undefined) !== (agent === undefined), 'needs service or agent')
  .transform(({ service, agent, audience = service ?? agent ?? '', ...rest }) => ({
    ...rest,
    service,
    agent,
    audience,
  }))

/** A receiver of events about grants, as configured. */
export type SignalReceiverSettings = z.output<typeof receiverSchema>

/** A JSON array of receivers. */
export const signalReceiversSchema = jsonArray(receiverSchema, 64, {
  what: 'an endpoint_url',
  of: ({ endpoint_url: url }) => url,
})

/** The settings on which the sending of events depends. */
export interface SendingSettings {
  readonly PDP_SIGNAL_RECEIVERS: readonly SignalReceiverSettings[]
  readonly PDP_SIGNAL_KEY_FILE?: string | undefined
  readonly PDP_PUBLIC_URL?: string | undefined
  readonly PDP_SERVICES: ReadonlyMap<string, readonly string[]>
}

/** Finds settings without which no event can be sent, and receivers that would get none. */
export function receiverMistakes(config: SendingSettings): readonly string[] {
  const { PDP_SIGNAL_RECEIVERS: receivers, PDP_SERVICES: services } = config
  if (receivers.length === 0) return []
  const unknown = receivers.flatMap(({ service }, index) =>
    service === undefined || services.has(service)
      ? []
      : [`PDP_SIGNAL_RECEIVERS: ${index}.service: must be a client of PDP_SERVICES`],
  )
  const needed = (['PDP_SIGNAL_KEY_FILE', 'PDP_PUBLIC_URL'] as const).filter((name) => config[name] === undefined)
  return [...unknown, ...needed.map((name) => `PDP_SIGNAL_RECEIVERS: requires ${name}`)]
}
