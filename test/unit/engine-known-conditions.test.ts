/**
 * The functions that the engine has for the core's conditions: they are used, and give the result of CEL, for values of every form.
 *
 * @module
 */
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Condition } from '../../pdp/src/engine/condition.ts'
import { KNOWN_CONDITIONS } from '../../pdp/src/engine/known-conditions.ts'
import { parseModel } from '../../pdp/src/engine/model-json.ts'
import { compileModel } from '../../pdp/src/openfga/compile.ts'
import { compilePolicies, readSources } from '../../pdp/src/policy/pack.ts'
import { PARAMETERS } from '../worlds/conditions.ts'

const sources = await readSources(join(import.meta.dirname, '../../pdp/policies'))
const { program } = compilePolicies(sources, compileModel)
const parsed = parseModel(program)
const conditions = 'model' in parsed ? parsed.model.conditions : expect.fail(parsed.problems.join('\n'))

/** The core's conditions that questions depend on; the others hold facts that are only read. */
const ASKED = ['link', 'seated', 'held', 'located', 'in_term', 'at_most', 'at_least']

describe.for(ASKED)('%s', (name) => {
  const json = conditions[name] ?? expect.fail('not in the core')

  test('has a function, for the types that the model declares', () => {
    const known = KNOWN_CONDITIONS.get(json.expression.trim())
    expect([...(known?.parameters.keys() ?? [])].sort()).toEqual(Object.keys(json.parameters).sort())
    expect(new Condition(name, json).hasFunction).toBe(true)
    expect(new Condition(name, { ...json, expression: `${json.expression} && true` }).hasFunction).toBe(false)
  })

  test('its function gives the result of CEL', () => {
    const values = (parameter: string) => {
      const { valid = [], wrong = [] } = PARAMETERS[parameter] ?? {}
      return fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...valid) }, fc.constantFrom(...wrong, undefined))
    }
    const context = fc.record(
      Object.fromEntries(Object.keys(json.parameters).map((parameter) => [parameter, values(parameter)])),
    )
    const byFunction = new Condition(name, json)
    const byCel = new Condition(name, json, new Map())
    // Half of the values are stored with the tuple; which ones is drawn too.
    const stored = fc.subarray(Object.keys(json.parameters))
    const usual = KNOWN_CONDITIONS.get(json.expression.trim())
    const met = new Set<unknown>()
    fc.assert(
      fc.property(context, context, fc.option(stored, { freq: 3 }), (one, other, names) => {
        const kept = names ?? Object.keys(json.parameters).filter((key) => !isGiven(key))
        const tuple = Object.fromEntries(kept.map((key) => [key, one[key]]))
        const result = byFunction.evaluate({ ...tuple }, other)
        expect(result).toEqual(byCel.evaluate({ ...tuple }, other))
        if (typeof result === 'boolean' && usual?.prepare(tuple)?.(other) !== undefined) met.add(result)
      }),
      { numRuns: 2_000 },
    )
    // So many terms of a link are never all true by chance; a test of its own has them.
    if (name !== 'link') expect(met, 'results of the function').toEqual(new Set([true, false]))
  })
})

describe('a link', () => {
  const json = conditions['link'] ?? expect.fail('not in the core')
  const tuple = {
    expires_at: '2026-06-01T00:00:00Z',
    actions: ['read', 'execute'],
    scope: 'all',
    giver: 'persona:p',
    at_most: { price: 10, risk: 2 },
    at_least: { lead: 5 },
  }
  const request = {
    current_time: '2026-05-31T23:59:59.999Z',
    action: 'execute',
    within: ['workflow~1', 'all'],
    standing: ['persona:p'],
    limited: true,
    attributes: { price: 10, risk: 1.5, lead: 5 },
  }
  test.for([
    ['every term', {}, true],
    ['at its end', { current_time: '2026-06-01T00:00:00.000Z' }, false],
    ['another action', { action: 'update' }, false],
    ['another scope', { within: ['workflow~1'] }, false],
    ['another giver', { standing: [] }, false],
    ['above a bound', { attributes: { price: 10.01, risk: 1, lead: 5 } }, false],
    ['below a bound', { attributes: { price: 1, risk: 1, lead: 4 } }, false],
    ['an attribute that is missing', { attributes: { price: 1, lead: 5 } }, false],
    ['an attribute by the name of a property that objects inherit', { attributes: { constructor: 1 } }, false],
    ['an action without limits', { attributes: {}, limited: false }, true],
  ] as const)('%s', ([, change, holds]) => {
    const byCel = new Condition('link', json, new Map())
    for (const condition of [new Condition('link', json), byCel])
      expect(condition.evaluate(tuple, { ...request, ...change })).toBe(holds)
  })
})

/** Parameters that come with the question. */
function isGiven(parameter: string): boolean {
  return /^(current_time|action|within|standing|limited|attributes|acting|deed|persona|value|unit)$/u.test(parameter)
}
