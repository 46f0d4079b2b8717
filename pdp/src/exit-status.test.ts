import { Fault } from '@mandate/protocol'
import { ConfigError } from '@mandate/service'
import { expect, test } from 'vitest'
import { configProblems, exitStatusOf } from './exit-status.ts'
import { StoreTaken } from './openfga/claim.ts'
import { PolicyError } from './policy/yaml.ts'

test.for([
  [new ConfigError(['PDP_A: must be set', 'PDP_B: must be set']), ['PDP_A: must be set', 'PDP_B: must be set']],
  [
    new PolicyError('pack.yaml:3: unknown key\npack.yaml:7: unknown key'),
    ['pack.yaml:3: unknown key', 'pack.yaml:7: unknown key'],
  ],
  [new StoreTaken('other.invalid/log'), [expect.stringMatching(/^OPENFGA_STORE: the store belongs to another PDP/u)]],
  [new Fault('policy_invalid', 'OpenFGA refuses the model: x'), ['OpenFGA refuses the model: x']],
] as const)('%s is a configuration that cannot be used: 78, each problem once', ([error, problems]) => {
  expect(exitStatusOf(error)).toBe(78)
  expect(configProblems(error)).toEqual(problems)
})

test.for([
  [new Fault('relations_unavailable', 'x'), 69],
  [new Fault('index_unavailable', 'x'), 69],
  [new Fault('internal', 'x'), 70],
  [new Error('x'), 70],
  ['x', 70],
] as const)('%s is none: %i', ([error, status]) => {
  expect(exitStatusOf(error)).toBe(status)
  expect(configProblems(error)).toBeUndefined()
})
