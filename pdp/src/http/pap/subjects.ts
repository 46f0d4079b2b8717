/**
 * `/v1/subjects` and `/v1/erasures` (PAP, rule E4).
 *
 * @module
 */
import {
  type Erasure,
  erasureQuerySchema,
  type LegalHold,
  type PartyRef,
  pseudonymSchema,
  splitRef,
  ulidSchema,
} from '@mandate/protocol'
import type { Request, RequestHandler } from 'express'
import {
  acknowledgeErasure,
  type Erased,
  erasePerson,
  forgetterOf,
  holdPerson,
  listHolds,
  waitingErasure,
} from '../../pap/erase.ts'
import { person } from '../../pap/pap.ts'
import type { HeldPerson } from '../../ports/stores.ts'
import { principalOf } from '../exchange.ts'
import type { IdsOf, OperationHandlers } from '../handlers.ts'
import type { SUBJECT_OPERATIONS } from '../openapi/subjects.ts'
import { param, parse } from '../parse.ts'
import { instant, type PapRouteDeps } from './common.ts'
import { exportRoute } from './export.ts'

/** Data that remains after an erasure: the account, which only the identity provider's operator can delete. */
const LOGIN = {
  where: 'identity provider',
  what: 'the account with its name and e-mail address, its sessions and consents, its login events',
  how: 'its operator runs: npm run delete-login',
}

/** Data that remains at a client until it acknowledges the erasure. */
const keptBy = (where: string, erasure: string) => ({
  where,
  what: 'what it keeps of the person, until it acknowledges that this is deleted',
  how: `it has been told; an operator sees whether it is done by GET /v1/erasures/${erasure}`,
})

export function subjectHandlers(deps: PapRouteDeps): OperationHandlers<IdsOf<typeof SUBJECT_OPERATIONS>> {
  const named = (req: Request): PartyRef => `user:${parse(pseudonymSchema, req.params['id'])}`
  const hold = (held: boolean): RequestHandler => {
    return async (req, res) => {
      await holdPerson(deps, named(req), held, principalOf(res))
      res.status(204).end()
    }
  }
  return {
    exportMe: exportRoute(deps),
    eraseMe: async (_req, res) => {
      const by = principalOf(res)
      res.json(shown(await erasePerson(deps, person(by), by)))
    },
    erasePerson: async (req, res) => {
      res.json(shown(await erasePerson(deps, named(req), principalOf(res))))
    },
    holdPerson: hold(true),
    releasePerson: hold(false),
    listHolds: async (_req, res) => {
      res.json({ items: (await listHolds(deps, principalOf(res))).map(shownHold) })
    },
    listErasures: async (req, res) => {
      const by = principalOf(res)
      const { after: token, limit } = parse(erasureQuerySchema, req.query)
      const of = { list: 'GET /v1/erasures', by, question: {} }
      const after = token === undefined ? '' : deps.tokens.decrypt(token, 'after', ulidSchema, of)
      const found = await deps.people.notices(forgetterOf(deps, by), after, limit + 1)
      const items = found.slice(0, limit)
      const last = items.at(-1)
      res.json({ items, ...(found.length > limit && last ? { next_cursor: deps.tokens.encrypt(last.id, of) } : {}) })
    },
    showErasure: async (req, res) => {
      const id = parse(ulidSchema, req.params['id'])
      res.json({ id, waiting: await waitingErasure(deps, id, principalOf(res)) })
    },
    acknowledgeErasure: async (req, res) => {
      await acknowledgeErasure(deps, param(req.params['id'], 'id'), principalOf(res))
      res.status(204).end()
    },
  }
}

const shown = ({ id, at, grants, personas, told, waiting }: Erased): Erasure => ({
  id,
  erased_at: instant(at),
  ended: { grants, personas },
  told: [...told],
  remains: [LOGIN, ...waiting.map((service) => keptBy(service, id))],
})

const shownHold = ({ person: held, by, at }: HeldPerson): LegalHold => ({
  pseudonym: splitRef(held).id,
  set_by: splitRef(by).id,
  set_at: instant(at),
})
