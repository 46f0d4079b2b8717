/**
 * Two PDPs on one database: what the other one has in flight is left alone until its lease ends, and is taken over then.
 */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LEASE_MS } from '../../pdp/src/ports/leases.ts'
import { SqlAgents } from '../../pdp/src/store/agents.ts'
import { SqlGrants } from '../../pdp/src/store/grants.ts'
import { type LeasesIn, SqlLeases } from '../../pdp/src/store/leases.ts'
import { LocalLog } from '../../pdp/src/store/local-log.ts'
import { ProposedGrants } from '../../pdp/src/store/proposed-grants.ts'
import { openSqlite } from '../../pdp/src/store/sqlite.ts'
import { useSuite } from '../fixtures/suite.ts'

// Reads the database's file.
const suite = useSuite({ database: 'sqlite' })
const FLIGHT = { subject: 'X', action: 'execute', item: 'flight' } as const

/** Another PDP, as far as its database shows it: it has begun changes and says nothing any more. */
function anotherPdp() {
  const { tpdp } = suite
  const database = openSqlite(join(tpdp.dataDir, 'pdp.db'))
  onTestFinished(() => database.close())
  const leases: LeasesIn = (sql) => new SqlLeases(sql, 'another PDP', () => tpdp.now())
  const log = new LocalLog(database)
  const proposed = new ProposedGrants(database, async () => [])
  return { agents: new SqlAgents(database, leases, log), grants: new SqlGrants(database, leases, proposed, log) }
}

const agentIn = async () => {
  const { items } = (await suite.tpdp.call('GET', '/v1/agents', { as: suite.world.staff('operator') })).body
  return items.find((agent: { readonly id: string }) => agent.id === suite.world.id('X'))
}
const statusOf = async (id: string): Promise<number | string> => {
  const answer = await suite.tpdp.call('GET', `/v1/grants/${id}`, { as: suite.world.as('A') })
  return answer.status === 200 ? answer.body.status : answer.status
}

test('a PDP that starts leaves alone what another one has in flight, and takes it over when the lease ends', async () => {
  const { tpdp, world } = suite
  const given = await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
  expect(await suite.codes(FLIGHT)).toEqual(['delegated'])
  const other = anotherPdp()
  const agent = await other.agents.agent(world.id('X'))
  const grant = await other.grants.byId(given)
  if (!agent || !grant) return expect.unreachable()
  // It suspends the agent, and issues a grant: neither has reached OpenFGA or the log yet.
  await other.agents.proposeAgent({ ...agent, active: false })
  const { revokedAt: _at, revokedBy: _by, revokeReason: _reason, replacedBy: _new, ...body } = grant
  const id = `${given.slice(0, -4)}ZZZZ`
  await other.grants.proposeGrant({ ...body, id, path: [id], redelegations: 1 }, tpdp.now())

  await tpdp.restart()
  expect(await agentIn()).toMatchObject({ status: 'suspended', pending: true })
  expect([await statusOf(id), await suite.codes(FLIGHT)]).toEqual(['pending', ['delegated']])
  // What this PDP would change of the agent would meet the other's change.
  const patch = { as: world.staff('operator'), body: { status: 'suspended' } }
  expect((await tpdp.call('PATCH', `/v1/agents/${world.id('X')}`, patch)).status).toBe(503)

  tpdp.advance(LEASE_MS)
  await expect.poll(agentIn, { timeout: 20_000 }).not.toHaveProperty('pending')
  await expect.poll(() => statusOf(id), { timeout: 20_000 }).toBe(404)
  expect(await suite.codes(FLIGHT)).toEqual(['agent_suspended'])
  await expect(other.agents.completeAgent(agent)).rejects.toThrow('another PDP')
})
