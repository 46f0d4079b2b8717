import type { GrantRequest } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { type Manifest, manifestSchema } from '../policy/manifest.ts'
import { requestObjection } from './grant-request.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

const MANIFEST: Manifest = manifestSchema.parse({
  domain: 'warehouse',
  account: 'warehouse_account',
  actions: Object.fromEntries([...names('act', 17).map((name) => [name, {}]), ['everything', { implies: ['act0'] }]]),
  resources: { shelf: {} },
  attributes: Object.fromEntries(names('weight', 5).map((name) => [name, { type: 'integer' }])),
})

const objectionTo = (request: Partial<GrantRequest>) =>
  requestObjection(
    { delegate: 'user:b', actions: ['act0'], scope: 'shelf:1', redelegations: 0, unattended: false, ...request },
    'user:a',
    { name: 'warehouse', manifest: MANIFEST, version: 'warehouse@0' },
    NOW,
  )
const limits = (count: number) => names('weight', count).map((attribute) => ({ attribute, at_most: 1 }))

test.for<readonly [string, Partial<GrantRequest>, string | undefined]>([
  ['no action', { actions: [] }, 'actions'],
  ['16 actions', { actions: names('act', 16) }, undefined],
  ['17 actions', { actions: names('act', 17) }, 'actions'],
  ['16 actions, of which one implies another', { actions: [...names('act', 16).slice(1), 'everything'] }, 'actions'],
  ['4 limits', { limits: limits(4) }, undefined],
  ['5 limits', { limits: limits(5) }, 'limits'],
])('C1: bounds of a grant: %s', ([, request, field]) => {
  expect(objectionTo(request)?.field).toBe(field)
})
