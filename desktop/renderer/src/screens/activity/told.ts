/**
 * An entry of the log as one sentence, and the text of its reason, from the point of view of the signed-in person. Pure.
 *
 * @module
 */
import { type Domain, type Grant, type LoggedEntry, PROBLEMS, type ProblemCode, type Reason } from '@mandate/protocol'
import {
  amounts,
  type Domains,
  domainOfEntry,
  domainOfScope,
  money,
  reasonText,
  reasonWords,
  spaced,
  verdictWords,
} from '@mandate/ui'
import { z } from 'zod'
import { wordedForOwner } from '../../parts/reason.ts'
import { actsWithObject, titleWords, verbOf } from '../../store/domains.tsx'
import { writtenReason } from '../../store/grants.ts'
import type { Things } from '../../store/people.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.activity

/** The person's own names for the parties and things of the log. */
export interface Teller {
  /** In the middle of a sentence. */
  readonly called: (party: string) => string
  readonly isMe: (party: string) => boolean
  readonly things: Things
  /** Grants that the person may read, ended ones included. */
  readonly grants: readonly Grant[]
}

/** `Booking agent was not allowed to book an item of Three days in Milan (EUR 4,200.00), for Yannick`. */
export function sentenceOfEntry(entry: LoggedEntry, teller: Teller): string {
  const { kind, decision } = entry
  if (kind === 'evaluation' && decision !== undefined) return decided(entry, decision, teller)
  if (kind === 'search') return searched(entry, teller)
  if (kind === 'refused') return refused(entry, teller)
  if (kind === 'grant_issued') return given(entry, teller)
  if (kind === 'grant_revoked') return ended(entry, teller)
  if (kind === 'invitation_changed') return invited(entry)
  if (kind === 'persona_created' || kind === 'persona_changed') return persona(entry, teller)
  const thing = entry.resource ?? entry.target
  if (kind === 'resource_registered' && thing) return strings.capital(TEXTS.registered(thingOf(entry, teller)))
  if (kind === 'resource_removed' && thing) return strings.capital(TEXTS.removed(thingOf(entry, teller)))
  return verdictWords(entry)
}

function decided(entry: LoggedEntry, isPermitted: boolean, teller: Teller): string {
  const { actor, subject, caller, action = '' } = entry
  const who = actor ?? subject ?? caller
  const name = who === undefined ? '…' : strings.capital(teller.called(who))
  const domain = domainOfEntry(entry, teller.things.domains)
  const acts = actsWithObject([action], thingOf(entry, teller), domain)
  const sentence = TEXTS.did(name, who !== undefined && teller.isMe(who), acts, isPermitted)
  return actor !== undefined && subject !== undefined ? TEXTS.forWhom(sentence, teller.called(subject)) : sentence
}

/** Why a request was refused, by its code: a decision was not reached. */
function refused({ actor, subject, caller, code = '' }: LoggedEntry, { called, isMe }: Teller): string {
  const who = actor ?? subject ?? caller
  const title = Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ProblemCode].title : reasonWords(code)
  const why = title.replace(/\.$/u, '')
  return TEXTS.refused(who === undefined ? undefined : isMe(who) ? 'you' : called(who), why)
}

function thingOf({ resource, target, root, attributes = {} }: LoggedEntry, { things }: Teller): string {
  const thing = resource ?? target ?? ''
  const [type = ''] = thing.split(':')
  const domain = domainOfScope(thing, things.domains)
  if (domain && domain.account === type) return domain.everything
  if (root === undefined || root === thing) return things.nameOf(thing)
  const price = Object.entries(attributes).find(([name]) => name.includes('.'))
  const [name = '', value] = price ?? []
  const currency = name.split('.')[1]
  const words = currency !== undefined && typeof value === 'number' ? money(value, currency) : undefined
  return TEXTS.partOf(things.partOf(thing, root) ?? partWords(type, domain), things.nameOf(root), words)
}

/** A resource type without its parent: `an item of a trip` is `an item` of the named trip. */
function partWords(type: string, domain: Domain | undefined): string {
  const { called, parent = '' } = domain?.resources[type] ?? {}
  if (!called) return spaced(type)
  const whole = domain?.resources[parent]?.called.one
  return whole === undefined ? called.one : called.one.replace(new RegExp(` of ${RegExp.escape(whole)}$`, 'u'), '')
}

const searchedSchema = z.object({ type: z.string().optional(), found: z.int() })

/** The log has of a search its purpose and the number of results, but not the results. */
function searched({ actor, subject, caller, action = '', change }: LoggedEntry, teller: Teller): string {
  const { called, things } = teller
  const who = actor ?? subject ?? caller
  const { type = '', found } = searchedSchema.safeParse(change).data ?? {}
  const domain = type === '' ? actionDomain(action, things.domains) : domainOfScope(`${type}:`, things.domains)
  const what = domain?.resources[type]?.called.many
  const verb = action === '' ? '' : verbOf(action, domain)
  const sentence = TEXTS.searched(who === undefined ? '…' : strings.capital(called(who)), what, verb, found)
  return actor !== undefined && subject !== undefined ? TEXTS.forWhom(sentence, called(subject)) : sentence
}

/** Finds the domain of an action by its name, where the entry has no resource type: the only domain that declares the action. */
function actionDomain(action: string, domains: Domains) {
  const declaring = domains.filter(({ actions }) => Object.hasOwn(actions, action))
  return declaring.length === 1 ? declaring[0] : undefined
}

const givenSchema = z.object({
  delegator: z.string(),
  delegate: z.string(),
  actions: z.array(z.string()),
  scope: z.string(),
})

function given({ change }: LoggedEntry, { called, things }: Teller): string {
  const read = givenSchema.safeParse(change)
  if (!read.success) return TEXTS.gaveBare
  const { delegator, delegate, actions, scope } = read.data
  return TEXTS.gave(strings.capital(called(delegator)), called(delegate), things.acts(actions, scope))
}

const endedSchema = z.object({ by: z.string().regex(/^(user|agent|service):./u) })

function ended({ change, target }: LoggedEntry, { called, things, grants }: Teller): string {
  const read = endedSchema.safeParse(change)
  if (!read.success) return TEXTS.endedBare
  const who = strings.capital(called(read.data.by))
  const grant = grants.find(({ id }) => id === target)
  if (!grant) return TEXTS.ended(who)
  const acts = things.acts(grant.actions, grant.scope)
  return grant.delegate === grant.revoked_by
    ? TEXTS.gaveBack(who, acts)
    : TEXTS.tookBack(who, called(grant.delegate), acts)
}

/** Why a grant was ended, in the words of the person who did it, and to whom it had been passed on. */
function whyEnded({ target }: LoggedEntry, { called, grants }: Teller): string {
  const reason = writtenReason(grants.find(({ id }) => id === target))
  const below = cutBelow(target, grants).map(({ delegate }) => called(delegate))
  return [
    ...(reason === undefined ? [] : [TEXTS.because(reason)]),
    ...(below.length > 0 ? [TEXTS.endedWith(strings.list([...new Set(below)]))] : []),
  ].join(' ')
}

function cutBelow(id: string | undefined, grants: readonly Grant[]): readonly Grant[] {
  const children = grants.filter(({ parent, status }) => parent !== undefined && parent === id && status === 'cut')
  return children.flatMap((child) => [child, ...cutBelow(child.id, grants)])
}

const statusSchema = z.object({ status: z.string() })

function invited({ change }: LoggedEntry): string {
  const status = statusSchema.safeParse(change).data?.status ?? ''
  return TEXTS.invitation[status] ?? TEXTS.invitationBare
}

const personaChangeSchema = z.object({
  title: z.string(),
  circle: z.string(),
  status: z.string(),
  autonomy: z.looseObject({ consent: z.boolean() }).optional(),
})

function persona(entry: LoggedEntry, { things }: Teller): string {
  const read = personaChangeSchema.safeParse(entry.change)
  if (!read.success) return verdictWords(entry)
  const { title, circle, status, autonomy } = read.data
  const words = TEXTS.personaStatus[status] ?? status
  const agents = autonomy?.consent ? TEXTS.consent.yes : TEXTS.consent.no
  const name = strings.settings.nameOf(titleWords(title, things.domains), circle)
  return TEXTS.persona(name, status === 'active' ? `${words}, ${agents}` : words)
}

/** Whether the entry is about a thing of the person's own. */
export function isOfMine({ owner, chain = [] }: LoggedEntry, { isMe }: Pick<Teller, 'isMe'>): boolean {
  const whose = owner ?? chain[0]?.delegator
  return whose !== undefined && isMe(whose)
}

type LoggedReason = NonNullable<LoggedEntry['reasons']>[number]

/** Adds texts to a logged reason, which has a code and numbers only. @param isMine - Whether the owner reads it. */
export function wordedReason(reason: LoggedReason, isMine: boolean, entry: LoggedEntry, domains: Domains): Reason {
  const { code } = reason
  const domain = domainOfEntry(entry, domains)
  const texts = reasonText(code, domains, domain)
  if (!texts) return { ...reason, reason_user: `${strings.capital(reasonWords(code))}.` }
  const { user, cure } = texts
  const worded = { ...reason, reason_user: user, ...(cure ? { cure } : {}) }
  return isMine ? wordedForOwner(worded, domains, domain) : worded
}

/** The first reason with its numbers, on one line. Empty without a reason. */
export function whyOf(entry: LoggedEntry, teller: Teller): string {
  if (entry.kind === 'grant_revoked') return whyEnded(entry, teller)
  const [reason] = entry.reasons ?? []
  if (!reason) return ''
  const { domains } = teller.things
  const { reason_user: said } = wordedReason(reason, isOfMine(entry, teller), entry, domains)
  if (reason.actual === undefined || reason.limit === undefined) return said
  const { actual, limit } = amounts(reason, domains, domainOfEntry(entry, domains))
  return `${said} ${strings.reason.limit(actual, limit)}`
}
