/**
 * `GET /v1/decisions` and one decision (design 6, L8). People see what they are a party to, auditors all; reading leaves an entry.
 *
 * @module
 */
import { type DecisionPage, decisionQuerySchema, type LoggedEntry, refuse, ulidSchema } from '@mandate/protocol'
import { Router } from 'express'
import type { DecisionLog, EntryIndex } from '../log/port.ts'
import type { Principal } from '../pap/pap.ts'
import type { Recorder } from '../ports.ts'
import { principalOf } from './exchange.ts'
import { parse } from './parse.ts'

export interface DecisionDeps {
  readonly index: EntryIndex
  readonly log: Pick<DecisionLog, 'checkpoint'>
  readonly record: Recorder
}

export function decisionRoutes({ index, record }: DecisionDeps): Router {
  const router = Router()
  router.get('/decisions', async (req, res) => {
    const by = principalOf(res)
    const query = parse(decisionQuerySchema, req.query)
    const party = readerOf(by)
    const page = await index.query(query, party ? { party } : {})
    // One entry a query, not one a page of it.
    if (query.cursor === undefined)
      await record([{ kind: 'log_read', caller: by.name, ...by.origin, change: { found: page.total } }])
    const answer: DecisionPage = {
      entries: [...page.entries],
      total: page.total,
      ...(page.nextCursor ? { next_cursor: page.nextCursor } : {}),
    }
    res.json(answer)
  })
  router.get('/decisions/:id', async (req, res) => {
    const by = principalOf(res)
    const id = ulidSchema.safeParse(req.params.id)
    const entry = id.success ? await index.get(id.data) : undefined
    const party = readerOf(by)
    if (!entry || (party !== undefined && !isParty(entry, party)))
      throw refuse('not_found', 'There is no such decision among yours.')
    await record([{ kind: 'log_read', caller: by.name, ...by.origin, target: entry.id }])
    res.json(entry)
  })
  return router
}

/** Whose entries may be read: `undefined` for all. */
function readerOf(by: Principal): string | undefined {
  if (by.roles.includes('auditor')) return undefined
  if (by.party && (by.inPerson || by.party.startsWith('agent:'))) return by.party
  throw refuse('forbidden', 'People read the decisions they are a party to, auditors all.')
}

const isParty = ({ subject, actor, owner, chain = [] }: LoggedEntry, party: string): boolean =>
  [subject, actor, owner].includes(party) || chain.some((link) => link.delegator === party || link.delegate === party)

/** `GET /log/checkpoint` (C2SP tlog-tiles): the newest signed checkpoint, for any signed-in caller. */
export function logRoutes({ log }: DecisionDeps): Router {
  const router = Router()
  router.get('/checkpoint', async (_req, res) => {
    const checkpoint = await log.checkpoint()
    if (checkpoint === undefined) throw refuse('not_found', 'The log is empty.')
    res.type('text/plain; charset=utf-8').send(checkpoint)
  })
  return router
}
