/**
 * A test waits for an event, never for a time, and asserts no duration: on a machine that does much else either fails, or proves nothing.
 */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = [
  '{auditor,cases,cli,desktop,issuer,keycloak,mcp,pdp,pep,playground,protocol,service,stack,ui}/{src,renderer,page}/**/*.{test,fixture,harness}.{ts,tsx}',
  'examples/*/src/**/*.{test,fixture,harness}.ts',
  'test/{contract,desktop,e2e,embedded,fixtures,fuzz,integration,realm,support,unit}/**/*.ts',
]
const WAIT = /\bsetTimeout\(|\bwaitForTimeout\(|timers\/promises|\bperformance\.now\(|scheduler\.wait\(/u

/** Where a time is no wait for something to happen, and no measure of it. */
const REASONS: Readonly<Record<string, string>> = {
  'examples/booking-agent/src/runs.test.ts': 'gives a third request, which must not come, time to come',
  'pdp/src/http/pace.test.ts': 'a deadline is an instant of the clock that never jumps',
  'pdp/src/tuples/fact-gate.test.ts': 'a deadline is an instant of the clock that never jumps',
  'pep/src/coalesce.test.ts': 'a deadline is an instant of the clock that never jumps',
  'pep/src/filter.test.ts': 'a PDP that is slower than the deadline it is given',
  'service/src/deadline.test.ts': 'a deadline is an instant of the clock that never jumps',
  'test/contract/desktop-window.test.ts': 'says how soon a list shows a change',
  'test/contract/log-kill.test.ts': 'kills at an instant drawn at random, after the first answer',
  'test/contract/store-postgres.test.ts':
    'gives a write that must not come first time to come, and polls a server that stops',
  'test/desktop/shots.ts': 'says how long the pictures took',
  'test/embedded/domains-window.test.ts': 'says how soon a list shows a change',
  'test/fuzz/http-target.ts': 'gives up on a request that never ends',
  'test/fuzz/main.ts': 'says how long a request took',
  'test/fuzz/run.ts':
    'finds answers that took over a second, which is what it is for, and lets memory be collected before it is read',
  'test/unit/chaos.test.ts': 'reads the clock that a skew must leave alone',
  'test/fixtures/hold-transaction.ts': 'asks the database now and then, which would end an idle transaction',
  'test/fixtures/pdp.ts': 'signs a token anew when half of its life is over',
  'test/integration/pep-fuzz.test.ts': 'gives up on a request that never ends',
  'test/integration/store-failover.test.ts':
    'says how long a recovery took, and which of two answers was asked for first, by the clock that never jumps',
  'test/integration/three-pdps.test.ts': 'says which of two answers was asked for first, by the clock that never jumps',
  'test/realm/contract/services-contract.ts': 'asks no faster than a person may',
}

test('no test waits for a time, or measures one, without a reason that is written here', () => {
  const found = FILES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((name) => !name.includes('node_modules') && WAIT.test(readFileSync(`${ROOT}/${name}`, 'utf8')))
    .map((name) => name.replaceAll('\\', '/'))
  expect(found.filter((name) => !Object.hasOwn(REASONS, name))).toEqual([])
  expect(Object.keys(REASONS).filter((name) => !found.includes(name))).toEqual([])
})
