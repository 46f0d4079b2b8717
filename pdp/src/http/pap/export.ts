/**
 * `GET /v1/subjects/me/export`: exports all data about a person as one JSON document, streamed.
 *
 * @module
 */
import { compareText, type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { factsOf } from '../../pap/facts.ts'
import { viewOf } from '../../pap/grant-view.ts'
import { person } from '../../pap/pap.ts'
import { type Fact, isAboutEverybody } from '../../ports/domain-facts.ts'
import type { GrantRecord } from '../../ports/grants.ts'
import { principalOf } from '../exchange.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import { readingOf } from '../reading.ts'
import { instant, type PapRouteDeps } from './common.ts'
import { shownGrant } from './grants.ts'
import { shownInvitation } from './invitations.ts'
import { shownPersona } from './personas.ts'

const PAGE = 200
const LOG_PAGE = 500

/** Writes a chunk. @returns `false` when the client has disconnected. */
type Send = (piece: string) => Promise<boolean>

/** Creates the handler. Records the export before it starts, as every read of the log; ends under the rules of {@link OpenStreams}. */
export function exportRoute(deps: PapRouteDeps): RequestHandler {
  return async (_req, res) => {
    const by = principalOf(res)
    const who = person(by)
    const end = await deps.streams.enter(res)
    await deps.record([{ kind: 'log_read', caller: by.name, subject: who, ...by.origin, change: { export: true } }])
    res.type('json').attachment('mandate-export.json')
    const head = JSON.stringify(await held(deps, who))
    const send: Send = (piece) => deps.streams.send(res, piece, end)
    const isWhole = (await send(`${head.slice(0, -1)},"decisions":[`)) && (await sendDecisions(deps, who, send))
    if (isWhole) res.end(']}')
    else res.destroy()
  }
}

/** Writes every part except the log's entries. */
async function held(deps: PapRouteDeps, who: PartyRef): Promise<Readonly<Record<string, unknown>>> {
  const { pseudonymizer, register, policies, invitations, clock } = deps
  const owned = await each([...policies().byType.keys()], (type) => register.owned(who, type))
  return {
    exported_at: instant(clock()),
    subject: await pseudonymizer.toExternal(who),
    pseudonym: who,
    personas: await each(await register.personas(who), (persona) => shownPersona(pseudonymizer, persona)),
    grants: await each(await grantsOf(deps, who), async (grant) =>
      shownGrant(pseudonymizer, await viewOf(grant, deps)),
    ),
    resources: owned.flat().toSorted(compareText),
    facts: await each(await factsOf(deps, splitRef(who).id), (fact) => shownFact(pseudonymizer, fact)),
    invitations: await each(await invitations.of(who), (invitation) => shownInvitation(deps, invitation, who)),
  }
}

const each = <T, R>(all: readonly T[], shown: (one: T) => Promise<R>): Promise<readonly R[]> =>
  Promise.all(all.map(shown))

async function grantsOf({ register, clock }: PapRouteDeps, party: PartyRef): Promise<readonly GrantRecord[]> {
  const all: GrantRecord[] = []
  let before: string | undefined
  do {
    const page: readonly GrantRecord[] = await register.grants({
      party,
      ended: true,
      now: clock(),
      limit: PAGE,
      before,
    })
    all.push(...page)
    before = page.length === PAGE ? page.at(-1)?.id : undefined
  } while (before)
  return all
}

/** Writes the person's log entries. @returns `false` when the client has disconnected. */
async function sendDecisions({ index }: PapRouteDeps, party: PartyRef, send: Send): Promise<boolean> {
  const entries = readingOf(index, party)
  let cursor: string | undefined
  let separator = ''
  do {
    const page = await entries.query({ limit: LOG_PAGE, cursor })
    const text = page.entries.map((entry) => JSON.stringify(entry)).join(',')
    if (text !== '' && !(await send(`${separator}${text}`))) return false
    separator = ','
    cursor = page.nextCursor
  } while (cursor)
  return true
}

async function shownFact(pseudonymizer: Pseudonymizer, fact: Fact): Promise<Readonly<Record<string, unknown>>> {
  const { domain } = fact
  if ('of' in fact) return { domain, attributes: fact.attributes }
  const shown = async (ref: ResourceRef): Promise<string> =>
    ref.startsWith('user:')
      ? pseudonymizer.toExternal(ref as PartyRef)
      : Object.values(await pseudonymizer.toExternalResource(ref)).join(':')
  return {
    domain,
    subject: isAboutEverybody(fact) ? fact.subject : await shown(fact.subject),
    relation: fact.relation,
    resource: await shown(fact.resource),
  }
}
