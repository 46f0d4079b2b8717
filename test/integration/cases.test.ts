/**
 * Every row of the scenarios that this stage covers, played against a real PDP on a real OpenFGA.
 *
 * @module
 */
import { expect, inject, test } from 'vitest'
import { parseCases } from '../fixtures/cases.ts'
import { startTestPdp } from '../fixtures/pdp.ts'
import { loadAllCases, playCases } from '../fixtures/play-cases.ts'

const files = loadAllCases()
const LAST_ROW = 62
/** In its own file: nursing. */
const LATER = [52]
/** Need the enforcement point and its domain service. */
const END_TO_END = [50, 51, 56]

playCases(files, () =>
  startTestPdp({ openFga: inject('openFga'), env: { PDP_PERSON_PER_MINUTE: '60000' }, frozen: true }),
)

test('every row is played, but those of later issues and of the whole stack', () => {
  const rows = new Set([...files.values()].flat().map(({ row }) => Number.parseInt(row, 10)))
  const expected = Array.from({ length: LAST_ROW }, (_, index) => index + 1)
  expect([...rows].sort((a, b) => a - b)).toEqual(
    expected.filter((row) => !LATER.includes(row) && !END_TO_END.includes(row)),
  )
})

test.for([
  [
    'an unknown word in a step',
    "- row: '1'\n  case: x\n  when:\n    - asks: A read T\n",
    'x.yaml:4: 0.when.0.asks: there is no member "asks" here; did you mean "ask"?',
  ],
  [
    'an ask without an outcome',
    "- row: '1'\n  case: x\n  when:\n    - ask: A read T\n",
    'x.yaml:4: 0.when.0: an ask ends',
  ],
  [
    'an ask nobody understands',
    "- row: '1'\n  case: x\n  when:\n    - ask: nobody\n      permit: owner\n",
    'x.yaml:4: 0.when.0.ask',
  ],
  ['no steps at all', "- row: '1'\n  case: x\n", 'x.yaml:1: 0.when'],
  ['a file that is no YAML', "- row: '1\n", 'x.yaml:2: '],
] as const)('a case file is refused by name and line: %s', ([, text, message]) => {
  expect(() => parseCases('x.yaml', text)).toThrow(message)
})
