/**
 * An access request from the words of a command line.
 *
 * @module
 */
import { ASK_FORM, readAsk } from '@mandate/cases/ask'
import { type Domain, type DomainAttribute, type EvaluationRequest, parseMoney } from '@mandate/protocol'
import { secondsOf } from '../duration.ts'
import { usageError } from '../exit.ts'
import { domainOfType, requireKnown } from '../pdp/domains.ts'
import { attributeOf, splitAssignment } from '../pdp/measure.ts'
import { requireResource } from '../pdp/party.ts'

/** The options that replace or add to the words. */
export interface QuestionOptions {
  readonly subject?: string
  readonly actor?: string
  readonly persona?: string
  readonly action?: string
  readonly resource?: string
  readonly with?: readonly string[]
  readonly withSubject?: readonly string[]
  readonly withAction?: readonly string[]
}

/** The parts of a question, as typed. */
interface Parts {
  readonly subject: string
  readonly actor: string | undefined
  readonly persona: string | undefined
  readonly action: string
  readonly resource: string
}

/**
 * Builds the request. Types, actions and attributes are checked by the domains, where the caller may list them.
 *
 * @param me - The caller's sub, for `me`.
 * @throws CommandError (exit 64) naming what is missing or unknown.
 */
export function questionOf(
  words: readonly string[],
  options: QuestionOptions,
  { domains, me }: { readonly domains: readonly Domain[]; readonly me: string | undefined },
): EvaluationRequest {
  const { subject, actor, persona, action, resource } = partsOf(words, options)
  const { type, id } = requireResource('The resource', resource)
  const domain = domains.length === 0 ? undefined : domainOfType(domains, type)
  if (domain) requireKnown('action', action, Object.keys(domain.actions))
  const properties = {
    ...assigned('--with-subject', options.withSubject),
    ...(persona === undefined ? {} : { persona }),
    ...(actor === undefined ? {} : { act: { sub: actor } }),
  }
  return {
    subject: { ...partyOf(subject, me), ...present(properties) },
    action: { name: action, ...present(assigned('--with-action', options.withAction)) },
    resource: { type, id: id === 'me' ? own(me) : id, ...present(assigned('--with', options.with, domain)) },
  }
}

const present = (properties: Readonly<Record<string, unknown>>) =>
  Object.keys(properties).length === 0 ? {} : { properties }

function partsOf(words: readonly string[], options: QuestionOptions): Parts {
  const text = words.join(' ').trim()
  const read = text === '' ? undefined : readAsk(text)
  if (text !== '' && !read) throw usageError(`The question must be ${ASK_FORM}, and is: ${text}`)
  const subject = options.subject ?? read?.subject
  const action = options.action ?? read?.action
  const resource = options.resource ?? read?.what
  if (subject === undefined || action === undefined || resource === undefined) {
    const missing = subject === undefined ? 'who asks' : action === undefined ? 'the action' : 'the resource, TYPE:ID'
    throw usageError(`The question lacks ${missing}: ${ASK_FORM}.`)
  }
  const actor = (options.actor ?? read?.actor)?.replace(/^agent:/u, '')
  return { subject, actor, persona: options.persona ?? read?.persona, action, resource }
}

/** `me`, `user:SUB`, `agent:ID`, or a sub. */
function partyOf(text: string, me: string | undefined): { readonly type: string; readonly id: string } {
  if (text === 'me') return { type: 'user', id: own(me) }
  const at = text.indexOf(':')
  return at < 0 ? { type: 'user', id: text } : { type: text.slice(0, at), id: text.slice(at + 1) }
}

function own(me: string | undefined): string {
  if (me === undefined) throw usageError('Who is me? Sign in (mandate login), or give the subject as user:SUB.')
  return me
}

function assigned(option: string, texts: readonly string[] = [], domain?: Domain): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = splitAssignment(option, text)
      if (domain) requireKnown('attribute', name, Object.keys(domain.attributes))
      return [name, sentValue(value, domain && attributeOf(domain, name))]
    }),
  )
}

/** A value as a service would send it. Text that is no value of the attribute's type is sent as it is: the PDP says what is wrong with it. */
function sentValue(text: string, attribute: DomainAttribute | undefined): unknown {
  if (attribute?.type === 'string') return text
  if (attribute?.type === 'strings') return text.split(',')
  if (attribute?.type === 'instant') {
    const ahead = secondsOf(text)
    return ahead === undefined ? text : new Date(Date.now() + ahead * 1_000).toISOString()
  }
  // Of an unknown attribute, `5 all` is a text and `5 ALL` an amount.
  const money = attribute?.type === 'money' || /[A-Z]{3}/u.test(text) ? parseMoney(text) : undefined
  if (money) return money
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
