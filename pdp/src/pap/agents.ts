/**
 * Registration of agents, each bound to one client of the identity provider (rule G1).
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import type { EntryDraft } from '../ports/recorder.ts'
import type { AgentRecord } from '../ports/register.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, finishing, narrowing, type PapDeps, type Principal, withRole } from './pap.ts'

export interface AgentRequest {
  readonly id: string
  readonly serviceSub?: string | undefined
}

/** Registers an agent as active. */
export async function registerAgent(deps: PapDeps, request: AgentRequest, by: Principal): Promise<AgentRecord> {
  withRole(by, 'operator')
  return deps.locks.run(lockKey.agent(request.id), async () => {
    if (await deps.register.agent(request.id)) throw refuse('conflict', 'An agent is registered under that id already.')
    const agent: AgentRecord = { id: request.id, active: true, serviceSub: request.serviceSub, createdAt: deps.clock() }
    await deps.record([{ kind: 'agent_registered', ...changeBy(by), target: `agent:${agent.id}` }])
    await finishing(deps, () => applyAgent(deps, agent))
    return agent
  })
}

/** Suspends or resumes an agent. A suspension is in effect for the next decision, even if the log cannot be written. */
export async function setAgentActive(deps: PapDeps, id: string, active: boolean, by: Principal): Promise<AgentRecord> {
  withRole(by, 'operator')
  const turn = lockKey.agent(id)
  const change = async (): Promise<AgentRecord> => {
    await deps.narrowings.finish(turn)
    const known = await deps.register.agent(id)
    if (!known) throw refuse('not_found', 'No agent is registered under that id.')
    const agent = { ...known, active, pending: undefined }
    if (active) {
      await deps.record([changeEntry(agent, changeBy(by))])
      await finishing(deps, () => applyAgent(deps, agent))
      return agent
    }
    const propose = (): Promise<void> => deps.register.proposeAgent(agent)
    await narrowing(deps, { what: turn, turn }, propose, (retry) => suspendAgent(deps, agent, changeBy(by), retry))
    return agent
  }
  return deps.locks.run(turn, change, active ? undefined : 'first')
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

const changeEntry = ({ id, active }: AgentRecord, by: By): EntryDraft => ({
  kind: 'agent_changed',
  ...by,
  target: `agent:${id}`,
  change: { status: active ? 'active' : 'suspended' },
})

/** Completes a pending change: OpenFGA, then the log. */
export async function finishAgent(deps: PapDeps, agent: AgentRecord, by: By): Promise<void> {
  await applyAgent(deps, agent, () => deps.record([changeEntry(agent, by)]))
}

/** OpenFGA first: a full disk or a failing log must not prevent a suspension. */
async function suspendAgent(
  { authority, register, record }: PapDeps,
  agent: AgentRecord,
  by: By,
  beforeCompletion: () => Promise<void>,
): Promise<void> {
  await authority.setAgent(`agent:${agent.id}`, false)
  await record([changeEntry(agent, by)])
  await beforeCompletion()
  await register.completeAgent(agent)
}

async function applyAgent(
  { register, authority }: PapDeps,
  agent: AgentRecord,
  before?: () => Promise<unknown>,
): Promise<void> {
  await register.proposeAgent(agent)
  await authority.setAgent(`agent:${agent.id}`, agent.active)
  await before?.()
  await register.completeAgent(agent)
}

/** All agents, for operators and auditors. */
export async function listAgents(deps: PapDeps, by: Principal): Promise<readonly AgentRecord[]> {
  if (!by.roles.includes('auditor')) withRole(by, 'operator')
  return deps.register.agents()
}
