/**
 * `/v1/lookups` for auditors (PAP).
 *
 * @module
 */
import {
  type Lookup,
  type LookupResult,
  lookupApprovalSchema,
  lookupRequestSchema,
  splitRef,
  ulidSchema,
} from '@mandate/protocol'
import { approveLookup, askLookup, endOf, listLookups, readLookup } from '../../pap/lookups.ts'
import { type Principal, withRole } from '../../pap/pap.ts'
import type { LookupRecord } from '../../ports/lookups.ts'
import { principalOf } from '../exchange.ts'
import type { IdsOf, OperationHandlers } from '../handlers.ts'
import type { LOOKUP_OPERATIONS } from '../openapi/lookups.ts'
import { parse } from '../parse.ts'
import { instant, type PapRouteDeps, refuseSubs } from './common.ts'

export function lookupHandlers(deps: PapRouteDeps): OperationHandlers<IdsOf<typeof LOOKUP_OPERATIONS>> {
  const { pseudonymizer } = deps
  return {
    askLookup: async (req, res) => {
      const { case: caseNumber, sub } = parse(lookupRequestSchema, req.body)
      const by = principalOf(res)
      // Checked first: a caller that may not look up must not learn which subs are known.
      withRole(by, 'auditor')
      await refuseSubs(pseudonymizer, { case: caseNumber })
      const about = await pseudonymizer.toInternal(`user:${sub}`, by)
      res.status(201).json(shown(await askLookup(deps, { caseNumber, about }, by), by))
    },
    listLookups: async (_req, res) => {
      const by = principalOf(res)
      res.json({ items: (await listLookups(deps, by)).map((lookup) => shown(lookup, by)) })
    },
    approveLookup: async (req, res) => {
      const { sub } = parse(lookupApprovalSchema, req.body)
      const by = principalOf(res)
      withRole(by, 'auditor')
      const about = await pseudonymizer.toInternal(`user:${sub}`, by)
      res.json(shown(await approveLookup(deps, parse(ulidSchema, req.params['id']), about, by), by))
    },
    readLookup: async (req, res) => {
      const { lookup, found } = await readLookup(deps, parse(ulidSchema, req.params['id']), principalOf(res))
      const result: LookupResult = { id: lookup.id, case: lookup.caseNumber }
      res.json(found === undefined ? result : { ...result, pseudonym: splitRef(found).id })
    },
  }
}

function shown(lookup: LookupRecord, by: Principal): Lookup {
  const { id, caseNumber, askedBy, askedAt, approvedBy } = lookup
  return {
    id,
    case: caseNumber,
    status: approvedBy === undefined ? 'asked' : 'approved',
    mine: askedBy === by.party,
    asked_by: splitRef(askedBy).id,
    asked_at: instant(askedAt),
    ...(approvedBy === undefined ? {} : { approved_by: splitRef(approvedBy).id }),
    ends_at: instant(endOf(lookup)),
  }
}
