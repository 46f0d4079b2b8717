/**
 * What an entry tells, in one sentence, and why it was answered so: from where the person at the screen stands. Pure.
 *
 * @module
 */
import { type LoggedEntry, REASONS, type Reason } from '@mandate/protocol'
import { amount, money, reasonWords, verdictWords } from '@mandate/ui'
import { z } from 'zod'
import type { NameOfThing } from '../../store/people.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.activity

/** How the person calls whom and what. Parties are those of the log. */
export interface Teller {
  /** In the middle of a sentence. */
  readonly called: (party: string) => string
  readonly isMe: (party: string) => boolean
  readonly nameOf: NameOfThing
}

/** `Booking agent could not book an item of Three days in Milan (EUR 4,200.00), for Yannick`. */
export function sentenceOfEntry(entry: LoggedEntry, teller: Teller): string {
  const { kind, decision } = entry
  if (kind === 'evaluation' && decision !== undefined) return decided(entry, decision, teller)
  if (kind === 'search') return searched(entry, teller)
  if (kind === 'grant_issued') return given(entry, teller)
  if (kind === 'grant_revoked') return ended(entry, teller)
  if (kind === 'invitation_changed') return invited(entry)
  if (kind === 'persona_created' || kind === 'persona_changed') return persona(entry)
  const thing = entry.resource ?? entry.target
  if (kind === 'resource_registered' && thing) return strings.capital(TEXTS.registered(thingOf(entry, teller)))
  if (kind === 'resource_removed' && thing) return strings.capital(TEXTS.removed(thingOf(entry, teller)))
  return verdictWords(entry)
}

function decided(entry: LoggedEntry, isPermitted: boolean, teller: Teller): string {
  const { actor, subject, caller, action = '' } = entry
  const who = actor ?? subject ?? caller
  const name = who === undefined ? '…' : strings.capital(teller.called(who))
  const sentence = TEXTS.did(name, action, thingOf(entry, teller), isPermitted)
  return actor !== undefined && subject !== undefined ? TEXTS.forWhom(sentence, teller.called(subject)) : sentence
}

function thingOf({ resource, target, root, attributes = {} }: LoggedEntry, { nameOf }: Teller): string {
  const thing = resource ?? target ?? ''
  const [type = ''] = thing.split(':')
  if (type.endsWith('_account')) return strings.things.all(type.replace('_account', ''))
  if (root === undefined || root === thing) return nameOf(thing)
  const price = Object.entries(attributes).find(([name]) => name.startsWith('planned_price.'))
  const [name = '', value] = price ?? []
  const currency = name.split('.')[1]
  const words = currency !== undefined && typeof value === 'number' ? money(value, currency) : undefined
  return TEXTS.itemOf(nameOf(root), words)
}

const searchedSchema = z.object({ type: z.string().optional(), found: z.int() })

/** Of a search the log has what it was for and how much was found, and never what. */
function searched({ actor, subject, caller, action = '', change }: LoggedEntry, { called }: Teller): string {
  const who = actor ?? subject ?? caller
  const { type = '', found } = searchedSchema.safeParse(change).data ?? {}
  const sentence = TEXTS.searched(who === undefined ? '…' : strings.capital(called(who)), type, action, found)
  return actor !== undefined && subject !== undefined ? TEXTS.forWhom(sentence, called(subject)) : sentence
}

const givenSchema = z.object({
  delegator: z.string(),
  delegate: z.string(),
  actions: z.array(z.string()),
  scope: z.string(),
})

function given({ change }: LoggedEntry, { called, nameOf }: Teller): string {
  const read = givenSchema.safeParse(change)
  if (!read.success) return TEXTS.gaveBare
  const { delegator, delegate, actions, scope } = read.data
  return TEXTS.gave(strings.capital(called(delegator)), called(delegate), strings.acts(actions), nameOf(scope))
}

const endedSchema = z.object({ by: z.string().regex(/^(user|agent|service):./u) })

function ended({ change }: LoggedEntry, { called }: Teller): string {
  const read = endedSchema.safeParse(change)
  return read.success ? TEXTS.ended(strings.capital(called(read.data.by))) : TEXTS.endedBare
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

function persona(entry: LoggedEntry): string {
  const read = personaChangeSchema.safeParse(entry.change)
  if (!read.success) return verdictWords(entry)
  const { title, circle, status, autonomy } = read.data
  const words = TEXTS.personaStatus[status] ?? status
  const agents = autonomy?.consent ? TEXTS.consent.yes : TEXTS.consent.no
  const name = strings.settings.nameOf(title, circle)
  return TEXTS.persona(name, status === 'active' ? `${words}, ${agents}` : words)
}

/** Whose the thing is that it was about. */
export function isOfMine({ owner, chain = [] }: LoggedEntry, { isMe }: Pick<Teller, 'isMe'>): boolean {
  const whose = owner ?? chain[0]?.delegator
  return whose !== undefined && isMe(whose)
}

type LoggedReason = NonNullable<LoggedEntry['reasons']>[number]

/** With its words: the log keeps codes and numbers alone. */
export function wordedReason(reason: LoggedReason, isMine: boolean): Reason {
  const { code } = reason
  const ofOwner = isMine ? TEXTS.why[code] : undefined
  const ofCore = Object.hasOwn(REASONS, code) ? REASONS[code as keyof typeof REASONS] : undefined
  const said = ofOwner?.said ?? ofCore?.user ?? `${strings.capital(reasonWords(code))}.`
  const cure = ofOwner?.cure ?? ofCore?.cure
  return { ...reason, reason_user: said, ...(cure ? { cure } : {}) }
}

/** In one line: the first reason and its numbers. Empty where there is none. */
export function whyOf(entry: LoggedEntry, teller: Teller): string {
  const [reason] = entry.reasons ?? []
  if (!reason) return ''
  const { reason_user: said } = wordedReason(reason, isOfMine(entry, teller))
  const { actual, limit } = reason
  if (actual === undefined || limit === undefined) return said
  return `${said} ${strings.reason.limit(amount(actual, reason), amount(limit, reason))}`
}
