/**
 * `GET /v1/decisions`, one entry and its proof (rule L8). A person reads the entries that they are a party to, limited to what they may know; an
 * auditor reads all. Each read is recorded.
 *
 * @module
 */
import { type DecisionPage, decisionQuerySchema, refuse } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { DecisionLog } from '../ports/log.ts'
import { ActingChanges, type ActingChangesDeps } from './acting-changes.ts'
import { exportRoute } from './decision-export.ts'
import { type ReplayDeps, replayRoute } from './decision-replay.ts'
import { streamRoute } from './decision-stream.ts'
import { principalOf } from './exchange.ts'
import type { IdsOf, OperationHandlers } from './handlers.ts'
import type { DECISION_OPERATIONS } from './openapi/decisions.ts'
import type { PageTokens } from './page-tokens.ts'
import { parse } from './parse.ts'
import { readingBy } from './reading.ts'
import type { OpenStreams } from './streams.ts'

export interface DecisionDeps extends ReplayDeps {
  readonly log: Pick<DecisionLog, 'origin' | 'prove'>
  readonly streams: OpenStreams
  readonly tokens: PageTokens
  readonly register: ActingChangesDeps['register']
  readonly clock: ActingChangesDeps['clock']
}

export function decisionHandlers(deps: DecisionDeps): OperationHandlers<IdsOf<typeof DECISION_OPERATIONS>> {
  return {
    listDecisions: listRoute(deps),
    exportDecisions: exportRoute(deps),
    tailDecisions: streamRoute({ ...deps, acting: new ActingChanges(deps) }),
    readDecision: entryRoute(deps),
    proveDecision: proofRoute(deps),
    replayDecision: replayRoute(deps),
  }
}

function listRoute({ index, record, tokens }: DecisionDeps): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const { cursor: token, limit, ...filter } = parse(decisionQuerySchema, req.query)
    const of = { list: 'GET /v1/decisions', by, question: filter }
    const entries = readingBy(index, by)
    const cursor = token === undefined ? undefined : tokens.decrypt(token, 'cursor', z.string(), of)
    const page = await entries.query({ ...filter, limit, cursor })
    // Recorded once per query, not for each page.
    if (cursor === undefined)
      await record([{ kind: 'log_read', caller: by.name, ...by.origin, change: { found: page.total } }])
    const answer: DecisionPage = {
      entries: [...page.entries],
      total: page.total,
      ...(page.nextCursor ? { next_cursor: tokens.encrypt(page.nextCursor, of) } : {}),
    }
    res.json(answer)
  }
}

function entryRoute({ index, record }: DecisionDeps): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const { shown } = await readingBy(index, by).entry(req.params['id'])
    await record([{ kind: 'log_read', caller: by.name, ...by.origin, target: shown.id }])
    res.json(shown)
  }
}

/** Responds with a C2SP tlog-proof of an entry that the caller may read. */
function proofRoute({ index, log, record }: DecisionDeps): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const { logged: entry } = await readingBy(index, by).entry(req.params['id'])
    if (entry.origin !== log.origin)
      throw refuse('conflict', `The entry is in the log ${entry.origin}: ask the PDP that writes it.`)
    await record([{ kind: 'log_read', caller: by.name, ...by.origin, target: entry.id, change: { as: 'proof' } }])
    res.type('text/plain; charset=utf-8').send(await log.prove(entry.index))
  }
}
