/**
 * `/v1/policies` (PAP): for operators; auditors may look.
 *
 * @module
 */
import { type PolicyRecord, policyActivationSchema } from '@mandate/protocol'
import type { Router } from 'express'
import type { PolicyView } from '../../pap/policies.ts'
import { principalOf } from '../exchange.ts'
import { parse } from '../parse.ts'
import { instant, type PapRouteDeps } from './common.ts'

export function policyRoutes(router: Router, { policyControl }: PapRouteDeps): void {
  router.get('/policies', (_req, res) => {
    res.json({ items: policyControl.list(principalOf(res)).map(shownPolicy) })
  })
  router.post('/policies/load', async (_req, res) => {
    res.json(shownPolicy(await policyControl.load(principalOf(res))))
  })
  router.post('/policies/activate', async (req, res) => {
    const { version } = parse(policyActivationSchema, req.body)
    res.json(shownPolicy(await policyControl.activate(version, principalOf(res))))
  })
}

const shownPolicy = ({ version, loadedAt, inForce }: PolicyView): PolicyRecord => ({
  version,
  loaded_at: instant(loadedAt),
  in_force: inForce,
})
