import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { agentsWithUrl } from './host.ts'

const GOOD = {
  issuer: 'https://id.example/realms/mandate/',
  clientId: 'desktop',
  services: { pdp: 'http://127.0.0.1:8181', trips: 'https://trips.example' },
  agents: [{ id: 'booking-agent', title: 'Booking agent', url: 'http://localhost:8183' }],
  people: [{ party: 'user:yannick-sub', name: 'Yannick' }],
  logKeys: ['log.example+9df1be9e+AW9S4VnXiFTaLoEH7Fu1QvQFq2lnWzbSsPuwMTuwyLzW'],
}
const [agent] = GOOD.agents
const [person] = GOOD.people

test('settings are read whole; a slash at the end of an address is no difference, of an issuer it is', () => {
  const services = { ...GOOD.services, pdp: 'http://127.0.0.1:8181/' }
  expect(readConfig({ ...GOOD, services })).toEqual(GOOD)
})

test.for([
  ['issuer', { issuer: 'http://id.example' }, 'must be https, or on loopback'],
  ['issuer', { issuer: 'https://me:secret@id.example' }, 'must hold no user name, password, query or fragment'],
  ['services.pdp', { services: { ...GOOD.services, pdp: 'http://127.0.0.1.evil.example' } }, 'must be https'],
  ['services.trips', { services: { ...GOOD.services, trips: 'file:///etc/passwd' } }, 'must be an http(s) URL'],
  ['agents', { agents: [agent, agent] }, 'must name each agent once'],
  ['agents', { agents: [{ ...agent, id: 'pdp' }] }, 'must not take the name of a service'],
  ['agents.0.id', { agents: [{ ...agent, id: 'a b' }] }, 'must be a client id'],
  ['people.0.name', { people: [{ ...person, name: 'You' }] }, 'cannot be a name'],
  ['people.0.name', { people: [{ ...person, name: 'Booking agent' }] }, 'cannot be a name'],
  ['people.0.party', { people: [{ ...person, party: 'agent:x' }] }, 'Invalid'],
  ['people', { people: [person, person] }, 'must name each person once'],
  ['types', { types: { care: ['care_plan'] } }, 'care is not under services'],
  ['types', { types: { trips: ['workflow'], pdp: ['workflow'] } }, 'workflow has two services'],
  ['types.trips.0', { types: { trips: ['Trip'] } }, 'must be a resource type'],
  ['logKeys.0', { logKeys: ['not a key'] }, 'must be a verifier key'],
  ['securityPolicy', { securityPolicy: 'http://example.org/policy' }, 'must be an https URL'],
  ['clientSecret', { clientSecret: 'x' }, 'not a setting; remove it'],
] as const)('%s is named when it is wrong: %j', ([member, change, mending]) => {
  expect(() => readConfig({ ...GOOD, ...change })).toThrow(`  ${member}: ${mending}`)
})

test('an agent without an address can be given authority, and is never called', () => {
  const config = readConfig({ ...GOOD, agents: [...GOOD.agents, { id: 'lab-bot', title: 'Lab bot' }] })
  expect(config.agents.map(({ id }) => id)).toEqual(['booking-agent', 'lab-bot'])
  expect(agentsWithUrl(config).map(({ id }) => id)).toEqual(['booking-agent'])
})

test('every mistake is named at once', () => {
  expect(() => readConfig({ ...GOOD, issuer: 'x', clientId: '' })).toThrow(/issuer: .*\n {2}clientId: /)
})
