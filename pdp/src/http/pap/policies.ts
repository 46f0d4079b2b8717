/**
 * `/v1/policies` for operators and auditors, `/v1/domains` for every caller with a token (PAP).
 *
 * @module
 */
import { type PolicyRecord, policyActivationSchema, policyTextsQuerySchema } from '@mandate/protocol'
import type { PolicyView } from '../../pap/policies.ts'
import { describeDomain } from '../../policy/describe.ts'
import { principalOf } from '../exchange.ts'
import type { OperationHandlers } from '../handlers.ts'
import { parse } from '../parse.ts'
import { instant, type PapRouteDeps } from './common.ts'
import { comparisonRoute } from './policy-comparison.ts'

type PolicyOperationId =
  | 'listDomains'
  | 'listPolicies'
  | 'readPolicyTexts'
  | 'comparePolicies'
  | 'loadPolicies'
  | 'activatePolicies'

export function policyHandlers(deps: PapRouteDeps): OperationHandlers<PolicyOperationId> {
  const { policies, policyControl } = deps
  return {
    listDomains: (_req, res) => {
      res.json({ items: policies().packs.map((pack) => describeDomain(pack)) })
    },
    listPolicies: async (_req, res) => {
      res.json({ items: (await policyControl.list(principalOf(res))).map(shownPolicy) })
    },
    readPolicyTexts: async (req, res) => {
      const { version } = parse(policyTextsQuerySchema, req.query)
      res.json(await policyControl.texts(version, principalOf(res)))
    },
    comparePolicies: comparisonRoute(deps),
    loadPolicies: async (_req, res) => {
      res.json(shownPolicy(await policyControl.load(principalOf(res))))
    },
    activatePolicies: async (req, res) => {
      const { version } = parse(policyActivationSchema, req.body)
      res.json(shownPolicy(await policyControl.activate(version, principalOf(res))))
    },
  }
}

const shownPolicy = ({ version, loadedAt, inForce }: PolicyView): PolicyRecord => ({
  version,
  loaded_at: instant(loadedAt),
  in_force: inForce,
})
