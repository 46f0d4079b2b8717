/**
 * Agents: registered subjects, each bound to one client of the identity provider (rule G1).
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import type { AgentRecord } from '../ports.ts'
import { changeBy, type PapDeps, type Principal, withRole } from './pap.ts'

export interface AgentRequest {
  readonly id: string
  readonly serviceSub?: string | undefined
}

/** Registers an agent, usable at once. */
export async function registerAgent(deps: PapDeps, request: AgentRequest, by: Principal): Promise<AgentRecord> {
  withRole(by, 'operator')
  if (deps.register.agent(request.id)) throw refuse('conflict', 'An agent is registered under that id already.')
  const agent: AgentRecord = { id: request.id, active: true, serviceSub: request.serviceSub, createdAt: deps.clock() }
  await deps.record([{ kind: 'agent_registered', ...changeBy(by), target: `agent:${agent.id}` }])
  await putAgent(deps, agent)
  return agent
}

/** Suspends or resumes an agent. Suspension holds for the very next decision, recorded or not. */
export async function setAgentActive(deps: PapDeps, id: string, active: boolean, by: Principal): Promise<AgentRecord> {
  withRole(by, 'operator')
  const known = deps.register.agent(id)
  if (!known) throw refuse('not_found', 'No agent is registered under that id.')
  const agent = { ...known, active }
  const entry = () =>
    deps.record([
      {
        kind: 'agent_changed',
        ...changeBy(by),
        target: `agent:${id}`,
        change: { status: active ? 'active' : 'suspended' },
      },
    ])
  if (active) await entry()
  await putAgent(deps, agent)
  if (!active) await entry()
  return agent
}

async function putAgent(deps: PapDeps, agent: AgentRecord): Promise<void> {
  deps.register.putAgent(agent, false)
  await deps.authority.setAgent(`agent:${agent.id}`, agent.active)
  deps.register.putAgent(agent, true)
}

/** All agents, for operators and auditors. */
export function listAgents(deps: PapDeps, by: Principal): readonly AgentRecord[] {
  if (!by.roles.includes('auditor')) withRole(by, 'operator')
  return deps.register.agents()
}
