/**
 * Agents, for operators.
 *
 * @module
 */
import { type Agent, agentSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { minuteText, print, table } from '../output.ts'
import { connect, type Pdp } from '../pdp/client.ts'

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

interface SuspendOptions extends ConnectionOptions {
  readonly all?: boolean
}

/** Suspends one agent, or all that are active. With `--all` an agent that cannot be suspended does not keep the others from it. */
export const suspendAgents: Work<SuspendOptions> = async (io, { options, args: [id] }) => {
  if ((id === undefined) !== (options.all === true)) throw usageError('Give the id of an agent, or --all.')
  const pdp = await connect(io, options)
  if (id !== undefined) {
    const agent = await setAgent(pdp, id, 'suspended')
    print(io, options, agent, () => [stateOf(agent)])
    return undefined
  }
  const active = (await agentsOf(pdp)).filter(({ status }) => status === 'active')
  const results = await Promise.allSettled(active.map((agent) => setAgent(pdp, agent.id, 'suspended')))
  const suspended = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  print(io, options, suspended, () =>
    active.length === 0 ? ['No agent is active.'] : suspended.map((agent) => stateOf(agent)),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return undefined
}

export const resumeAgent: Work<ConnectionOptions> = async (io, { options, args: [id = ''] }) => {
  const agent = await setAgent(await connect(io, options), id, 'active')
  print(io, options, agent, () => [stateOf(agent)])
  return undefined
}

function setAgent(pdp: Pdp, id: string, status: Agent['status']): Promise<Agent> {
  return pdp.call({ method: 'PATCH', path: `/v1/agents/${encodeURIComponent(id)}`, body: { status } }, agentSchema)
}

const stateOf = ({ id, status, pending }: Agent): string => `agent:${id} is ${status}.${pending ? ` ${PENDING}` : ''}`

/** Said of a change that the relationship store has not confirmed. */
const PENDING = 'The relationship store has not confirmed it yet; the PDP retries.'

export const listAgents: Work<ConnectionOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const items = await agentsOf(pdp)
  const row = ({ id, status, created_at }: Agent) => [id, status, minuteText(created_at)]
  print(io, options, items, () =>
    items.length === 0 ? ['There are no agents.'] : table(['AGENT', 'STATUS', 'REGISTERED'], items.map(row)),
  )
  return undefined
}

async function agentsOf(pdp: Pdp): Promise<readonly Agent[]> {
  return (await pdp.call({ path: '/v1/agents' }, z.object({ items: z.array(agentSchema) }))).items
}
