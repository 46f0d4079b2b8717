/**
 * Two domains for unit tests, as the PDP serves such: money, an instant and a number with a unit. What a real PDP serves is compared in
 * `test/integration/domains.test.ts`.
 *
 * @module
 */
import type { Domain } from '@mandate/protocol'

const texts = { user: 'No.', admin: 'Above the limit.', cure: 'Ask.' }

export const travel: Domain = {
  domain: 'travel',
  version: 'travel@1',
  label: 'Travel',
  everything: 'all trips',
  account: 'travel_account',
  resources: {
    workflow: { called: { one: 'a trip', many: 'trips' } },
    workflow_item: { parent: 'workflow', called: { one: 'an item', many: 'items' } },
  },
  titles: {},
  actions: {},
  attributes: {
    planned_price: { type: 'money', label: 'planned price' },
    starts_at: { type: 'instant', label: 'start' },
  },
  gates: [
    { name: 'consent', label: 'consent', reason: 'no_consent', actions: ['execute'] },
    {
      name: 'price',
      label: 'price',
      reason: 'price_above_limit',
      actions: ['execute'],
      attribute: 'planned_price',
      bound: 'at_most',
    },
    {
      name: 'lead_time',
      label: 'lead time',
      reason: 'lead_time_too_short',
      actions: ['execute'],
      attribute: 'starts_at',
      bound: 'at_least',
    },
  ],
  reasons: { price_above_limit: texts, lead_time_too_short: { ...texts, admin: 'Too soon to book.' } },
}

export const nursing: Domain = {
  domain: 'nursing',
  version: 'nursing@1',
  label: 'Nursing',
  everything: 'all care',
  account: 'care_account',
  resources: {
    care_plan: { called: { one: 'a care plan', many: 'care plans' } },
    care_task: { parent: 'care_plan', called: { one: 'a care task', many: 'care tasks' } },
  },
  titles: {},
  actions: {},
  attributes: { effort: { type: 'number', label: 'effort', unit: { one: 'minute', many: 'minutes' } } },
  gates: [
    {
      name: 'effort',
      label: 'effort',
      reason: 'effort_above_limit',
      actions: ['execute'],
      attribute: 'effort',
      bound: 'at_most',
    },
  ],
  reasons: { effort_above_limit: texts, lead_time_too_short: { ...texts, admin: 'Due too soon.' } },
}
