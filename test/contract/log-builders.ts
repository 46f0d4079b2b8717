/**
 * Entries for tests of the log. Free of the test runner: the process that is killed builds them too.
 *
 * @module
 */
import { type Entry, gateCodeSchema } from '@mandate/protocol'

export const ORIGIN = 'pdp.example/log'
const EPOCH = Date.parse('2026-11-21T20:00:00.000Z')
const PEOPLE = 7
const WORKFLOWS = 11

/** The ULID-shaped id of test entry `number`. */
export function idOf(number: number): string {
  return `01KC${String(number).padStart(22, '0')}`
}

/** A decision like those of the PDP; entries of one number are the same. */
export function anEntry(number: number, members: Partial<Entry> = {}): Entry {
  const owner = `user:p_${number % PEOPLE}`
  const helper = `user:p_${(number * 3 + 1) % PEOPLE}`
  const link = {
    actions: ['execute', 'read'],
    scope: `workflow:w${number % WORKFLOWS}`,
    expires_at: '2026-12-01T00:00:00Z',
  }
  return {
    v: 1,
    id: idOf(number),
    at: new Date(EPOCH + number * 10 - (number % 3) * 25).toISOString(),
    kind: number % 10 === 0 ? 'grant_issued' : 'evaluation',
    subject: helper,
    ...(number % 2 === 0 ? { actor: 'agent:booking-agent' } : {}),
    caller: `service:${number % 4 === 0 ? 'nursing' : 'trips'}`,
    action: ['execute', 'read', 'plan'][number % 3],
    resource: `workflow_item:w${number % WORKFLOWS}-${number % 5}`,
    root: `workflow:w${number % WORKFLOWS}`,
    owner,
    decision: number % 4 !== 0,
    reasons:
      number % 4 === 0
        ? [{ code: gateCodeSchema.parse('price_above_limit'), limit: 4100, actual: 4200 }, { code: 'no_consent' }]
        : [{ code: 'delegated' }],
    chain: [
      { grant: `G${number % 13}`, delegator: owner, delegate: helper, ...link },
      ...(number % 2 === 0
        ? [{ grant: `H${number % 17}`, delegator: helper, delegate: 'agent:booking-agent', ...link }]
        : []),
    ],
    ...(number % 10 === 0 ? { target: `T${number}` } : {}),
    model: '01KCMODEL',
    policy: 'travel@3f2a',
    ...members,
  }
}

export function someEntries(first: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, at) => anEntry(first + at))
}
