/**
 * Agents, for operators.
 *
 * @module
 */
import { type Agent, agentSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { minuteText, print, table } from '../output.ts'
import { connect } from '../pdp/client.ts'

interface AddOptions extends ConnectionOptions {
  readonly serviceSub?: string
}

export const addAgent: Work<AddOptions> = async (io, { options, args: [id] }) => {
  const pdp = await connect(io, options)
  const body = { id, service_sub: options.serviceSub }
  const agent = await pdp.call({ method: 'POST', path: '/v1/agents', body }, agentSchema)
  print(io, options, agent, () => [`agent:${agent.id} is registered: ${agent.status}.`])
  return undefined
}

/** Suspends or resumes an agent. */
export const setAgent =
  (status: Agent['status']): Work<ConnectionOptions> =>
  async (io, { options, args: [id = ''] }) => {
    const pdp = await connect(io, options)
    const path = `/v1/agents/${encodeURIComponent(id)}`
    const agent = await pdp.call({ method: 'PATCH', path, body: { status } }, agentSchema)
    print(io, options, agent, () => [`agent:${agent.id} is ${agent.status}.${agent.pending ? ` ${PENDING}` : ''}`])
    return undefined
  }

/** Said of a change that the relationship store has not confirmed. */
const PENDING = 'The relationship store has not confirmed it yet; the PDP retries.'

export const listAgents: Work<ConnectionOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const { items } = await pdp.call({ path: '/v1/agents' }, z.object({ items: z.array(agentSchema) }))
  const row = ({ id, status, created_at }: Agent) => [id, status, minuteText(created_at)]
  print(io, options, items, () =>
    items.length === 0 ? ['There are no agents.'] : table(['AGENT', 'STATUS', 'REGISTERED'], items.map(row)),
  )
  return undefined
}
