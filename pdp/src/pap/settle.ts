/**
 * After a crash: what was asked for and not finished. Nothing is permitted by it that nobody asked for.
 *
 * @module
 */
import { endCode } from './grants.ts'
import type { PapDeps } from './pap.ts'
import { gateLimits } from './personas.ts'

/**
 * Finishes or drops what an earlier process left half done. A proposed grant that reached the store is a grant, one that did not never was.
 * Personas and agents are brought to the state that was asked for.
 *
 * @returns How many were settled.
 */
export async function settle(deps: Pick<PapDeps, 'authority' | 'policies' | 'register'>): Promise<number> {
  const { authority, register } = deps
  const grants = register.unsettledGrants()
  for (const grant of grants) {
    if (await authority.isLive(grant)) register.settleGrant(grant.id)
    else register.dropGrant(grant.id)
  }
  const ends = register.unsettledEnds()
  for (const { grant, end } of ends) {
    await authority.end(grant, end.by, end.at, endCode(grant, end.by))
    register.endGrant(grant.id, end)
  }
  const personas = register.unsettledPersonas()
  for (const persona of personas) {
    const usable = persona.status === 'active' ? { from: persona.validFrom, till: persona.validTill } : undefined
    await authority.setPersona(persona.id, usable, gateLimits(deps, persona))
    register.putPersona(persona, true)
  }
  const agents = register.unsettledAgents()
  for (const agent of agents) {
    await authority.setAgent(`agent:${agent.id}`, agent.active)
    register.putAgent(agent, true)
  }
  return grants.length + ends.length + personas.length + agents.length
}
