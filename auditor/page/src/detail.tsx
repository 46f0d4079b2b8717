/**
 * One entry in full: outcome, chain, gates, replay and proof.
 *
 * @module
 */

import type { LoggedEntry, VerifierKey } from '@mandate/protocol'
import {
  domainOfEntry,
  exactly,
  GateList,
  Glyph,
  gatesOf,
  glyphOf,
  money,
  numbers,
  reasonText,
  reasonWords,
  resourceWords,
  useDomains,
  verdictOf,
  verdictWords,
} from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { api, type Opened } from './api.ts'
import { Chain } from './chain.tsx'
import { addressOf, type Filters } from './location.ts'
import { Failure, PartyLink } from './parts.tsx'
import { Proof } from './proof.tsx'
import { Replay } from './replay.tsx'
import { useLoaded } from './use.ts'

interface DetailProps {
  readonly id: string
  readonly keys: readonly VerifierKey[]
  readonly filters: Filters
  readonly onClose: () => void
}

export function Detail({ id, keys, filters, onClose }: DetailProps): JSX.Element {
  const opened = useLoaded((signal) => api.decision(id, signal), [id])
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (opened.state === 'there') title.current?.focus({ preventScroll: true })
  }, [opened.state])
  return (
    <article class="detail" aria-busy={opened.state === 'loading'} aria-label="Decision">
      <div class="detail-top">
        <a class="back" href={addressOf(filters)}>
          <span class="back-narrow">All entries</span>
        </a>
        <span class="detail-id">{id}</span>
        <button type="button" class="button quiet close" onClick={onClose}>
          Close
          <kbd>Esc</kbd>
        </button>
      </div>
      {opened.state === 'loading' && <p class="waiting">Opening…</p>}
      {opened.state === 'failed' && <Failure error={opened.error} again={opened.again} />}
      {opened.state === 'there' && <Body opened={opened.value} keys={keys} titleRef={title} />}
    </article>
  )
}

function Body(props: {
  opened: Opened
  keys: readonly VerifierKey[]
  titleRef: { current: HTMLHeadingElement | null }
}): JSX.Element {
  const { opened, keys, titleRef } = props
  const { entry } = opened
  const verdict = verdictOf(entry)
  const gates = gatesOf(entry, useDomains())
  return (
    <>
      <header class={`lede lede-${verdict}`}>
        <p class={`verdict verdict-${verdict} verdict-large`}>
          <Glyph name={glyphOf(verdict)} />
          {verdictWords(entry)}
        </p>
        <h2 class="sentence" tabIndex={-1} ref={titleRef}>
          <Sentence entry={entry} />
        </h2>
        <Because entry={entry} />
        <p class="lede-when">
          <time dateTime={entry.at}>{exactly(entry.at)}</time>
        </p>
      </header>
      <Section title="Proof" note="Is this what was logged?">
        <Proof opened={opened} keys={keys} />
      </Section>
      {entry.chain && (
        <Section title="Authority" note="Who gave it to whom, on what terms.">
          <Chain entry={entry} />
        </Section>
      )}
      {gates.length > 0 && (
        <Section title="Gates" note="The checks of this decision, in order.">
          <GateList gates={gates} spoken={OUTCOMES} />
        </Section>
      )}
      {entry.kind === 'evaluation' && (
        <Section title="Replay" note="The same request, decided with the policy and grants of now.">
          <Replay entry={entry} />
        </Section>
      )}
      <Section title="Record" note="All members of the entry.">
        <Record entry={entry} />
      </Section>
    </>
  )
}

const OUTCOMES = { holds: 'passed: ', fails: 'failed: ', open: '' } as const

function Section(props: { title: string; note: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="section">
      <h3>{props.title}</h3>
      <p class="section-note">{props.note}</p>
      <div class="section-body">{props.children}</div>
    </section>
  )
}

/** The decision as one sentence: actor, action, resource, subject. */
function Sentence({ entry }: { readonly entry: LoggedEntry }): JSX.Element {
  const { actor, subject, caller, action, resource, target } = entry
  const who = actor ?? subject ?? caller
  const verdict = verdictOf(entry)
  const did = verdict === 'note' ? '' : verdict === 'permit' ? 'was permitted to ' : 'was not permitted to '
  return (
    <>
      {who && <PartyLink party={who} />} {did}
      {action && verdict !== 'note' && <em>{action}</em>}
      {verdict === 'note' && <span>{verdictWords(entry).toLowerCase()}</span>}{' '}
      {(resource ?? target) && <span class="sentence-resource">{resourceWords(resource ?? target ?? '')}</span>}
      {actor && subject && (
        <>
          {' '}
          for <PartyLink party={subject} />
        </>
      )}
    </>
  )
}

function Because({ entry }: { readonly entry: LoggedEntry }): JSX.Element | null {
  const domains = useDomains()
  const reason = entry.reasons?.[0]
  const code = reason?.code ?? entry.code
  if (code === undefined) return null
  const domain = domainOfEntry(entry, domains)
  const text = reasonText(code, domains, domain)?.admin
  const values = reason && numbers(reason, domains, domain)
  return (
    <p class="because">
      <a class="because-code" href={addressOf({ reason: code })}>
        {reasonWords(code)}
      </a>
      {text && <span> {text}</span>}
      {values && <span class="because-numbers"> {values}.</span>}
    </p>
  )
}

const FIELDS = [
  ['subject', 'In the name of'],
  ['actor', 'Actor'],
  ['caller', 'Asked by'],
  ['persona', 'Persona'],
  ['owner', 'Owner'],
  ['action', 'Action'],
  ['resource', 'Resource'],
  ['root', 'Root resource'],
  ['target', 'Target'],
  ['code', 'Code'],
  ['status', 'Status'],
  ['policy', 'Policy'],
  ['model', 'Model'],
  ['consistency', 'Consistency'],
  ['round_trips', 'Round trips'],
  ['latency_ms', 'Latency, ms'],
  ['request_id', 'Request'],
  ['trace', 'Trace'],
  ['origin', 'Log'],
  ['index', 'Index in the log'],
  ['kind', 'Kind'],
] as const

function Record({ entry }: { readonly entry: LoggedEntry }): JSX.Element {
  const changes = Object.entries(entry.change ?? {})
  return (
    <dl class="record">
      {FIELDS.map(([name, label]) =>
        entry[name] === undefined ? null : (
          <div key={name}>
            <dt>{label}</dt>
            <dd>
              <Value name={name} value={String(entry[name])} />
            </dd>
          </div>
        ),
      )}
      {entry.as_of && (
        <div>
          <dt>Decided</dt>
          <dd>
            {entry.as_of.at}, when the log had {entry.as_of.position} entries; {entry.index - entry.as_of.position} came
            between
          </dd>
        </div>
      )}
      {Object.entries(entry.attributes ?? {}).map(([name, value]) => (
        <div key={name}>
          <dt>{name.split('.')[0]?.replaceAll('_', ' ')}</dt>
          <dd>{sentText(name, value)}</dd>
        </div>
      ))}
      {changes.map(([name, value]) => (
        <div key={name}>
          <dt>{name.replaceAll('_', ' ')}</dt>
          <dd>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A value of the record; a link to a search, if the value can be searched for. */
function Value({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  const isParty = /^(user|agent|service):/u.test(value)
  if (name === 'resource') return <a href={addressOf({ resource: value })}>{value}</a>
  if (name === 'root') return <a href={addressOf({ under: value })}>{value}</a>
  if (isParty && name === 'caller') return <a href={addressOf({ caller: value })}>{value}</a>
  if (isParty) return <a href={addressOf({ member: value })}>{value}</a>
  return <>{value}</>
}

/** Money is logged in minor units, with the currency in the name: `price.EUR`. */
function sentText(name: string, value: number | string | boolean): string {
  const currency = name.split('.')[1]
  return currency !== undefined && typeof value === 'number' ? money(value, currency) : String(value)
}
