/**
 * Filter form. Filters are in the URL, so that a view can be shared; people are named by pseudonym.
 *
 * @module
 */

import { ENTRY_KINDS, REASON_CODES } from '@mandate/protocol'
import {
  gateCodes,
  instantOf,
  kindWords,
  localOf,
  minuteOf,
  resourceWords,
  short,
  useDomains,
  zoneWords,
} from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { addressOf, type FilterName, type Filters, go } from './location.ts'

interface Field {
  readonly name: FilterName
  readonly label: string
  readonly hint?: string
}

const FIELDS: readonly Field[] = [
  { name: 'subject', label: 'In whose name', hint: 'user:p_…' },
  { name: 'actor', label: 'Who acted', hint: 'agent:booking-agent' },
  { name: 'caller', label: 'Through which service', hint: 'service:trips' },
  { name: 'action', label: 'Action', hint: 'execute' },
  { name: 'resource', label: 'Resource', hint: 'workflow:01M8…' },
  { name: 'under', label: 'All under', hint: 'workflow:01M8…' },
  { name: 'grant', label: 'Grant', hint: '01M8…' },
  { name: 'reason', label: 'Reason', hint: 'price_above_limit' },
]
const PARTIES: ReadonlySet<FilterName> = new Set(['member', 'subject', 'actor', 'caller'])

const LABELS: Readonly<Record<FilterName, string>> = {
  member: 'in the chain',
  subject: 'for',
  actor: 'by',
  caller: 'through',
  action: 'action',
  resource: 'on',
  under: 'under',
  decision: 'decision',
  reason: 'reason',
  kind: 'kind',
  grant: 'grant',
  from: 'from',
  to: 'before',
}

/** Completes a party without a type: `p_…` is a person, anything else an agent (or a service, for `caller`). */
function understood(name: FilterName, typed: string): string {
  const text = typed.trim()
  if (text === '' || !PARTIES.has(name) || /^(user|agent|service):/u.test(text)) return text
  if (name === 'caller') return `service:${text}`
  return /^p_/u.test(text) ? `user:${text}` : `agent:${text}`
}

function chipWords(name: FilterName, value: string): string {
  if (name === 'from' || name === 'to') return Number.isNaN(Date.parse(value)) ? value : minuteOf(value)
  if (name === 'resource' || name === 'under') return resourceWords(value)
  if (name === 'kind') return kindWords(value as (typeof ENTRY_KINDS)[number]).toLowerCase()
  return name === 'reason' || name === 'action' ? value.replaceAll('_', ' ') : short(value, 26)
}

export function Filtering(props: { filters: Filters; problem: string | undefined }): JSX.Element {
  const { filters, problem } = props
  const set = (name: FilterName, value: string): void => {
    const { [name]: before, ...others } = filters
    const now = understood(name, value)
    if (now !== (before ?? '')) go(addressOf(now === '' ? others : { ...others, [name]: now }))
  }
  const chips = Object.entries(filters) as [FilterName, string][]
  const [isOpen, setOpen] = useState(false)
  const inside = chips.filter(([name]) => name !== 'member' && name !== 'decision').length
  return (
    <search class="filters">
      <div class="filters-first">
        <Choice filters={filters} set={set} />
        <TextFilter name="member" label="Anyone in the chain" hint="booking-agent or p_…" filters={filters} set={set} />
        <button
          type="button"
          class="button more"
          aria-expanded={isOpen}
          aria-controls="more-fields"
          onClick={() => setOpen(!isOpen)}
        >
          More filters{inside > 0 && <span class="count">{inside}</span>}
        </button>
      </div>
      {isOpen && <MoreFields filters={filters} set={set} />}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {chips.length > 0 && (
        <ul class="chips" aria-label="Filters that are set">
          {chips.map(([name, value]) => (
            <li key={name}>
              <button type="button" class="chip" onClick={() => set(name, '')} title={value}>
                <span class="chip-label">{LABELS[name]}</span> {chipWords(name, value)}
                <span class="chip-x" aria-hidden="true" />
                <span class="sr">, take off</span>
              </button>
            </li>
          ))}
          {chips.length > 1 && (
            <li>
              <a class="plain-link" href="/">
                Clear all
              </a>
            </li>
          )}
        </ul>
      )}
    </search>
  )
}

interface Setting {
  readonly filters: Filters
  readonly set: (name: FilterName, value: string) => void
}

const CHOICES = [
  ['', 'All'],
  ['permit', 'Permitted'],
  ['deny', 'Denied'],
] as const

function Choice({ filters, set }: Setting): JSX.Element {
  return (
    <fieldset class="choice">
      <legend class="sr">Decision</legend>
      {CHOICES.map(([value, label]) => (
        <label key={value}>
          <input
            type="radio"
            name="decision"
            value={value}
            checked={(filters.decision ?? '') === value}
            onChange={() => set('decision', value)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  )
}

function TextFilter({ name, label, hint, filters, set }: Setting & Field): JSX.Element {
  const [typed, setTyped] = useState(filters[name] ?? '')
  useEffect(() => setTyped(filters[name] ?? ''), [filters[name]])
  return (
    <label class="field">
      <span>{label}</span>
      <input
        id={`filter-${name}`}
        type="text"
        value={typed}
        placeholder={hint}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        {...(name === 'reason' ? { list: 'reasons' } : {})}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onChange={({ currentTarget }) => set(name, currentTarget.value)}
        onKeyDown={({ key, currentTarget }) => key === 'Enter' && set(name, currentTarget.value)}
      />
    </label>
  )
}

function MoreFields({ filters, set }: Setting): JSX.Element {
  return (
    <div class="more-fields" id="more-fields">
      {FIELDS.map((field) => (
        <TextFilter key={field.name} {...field} filters={filters} set={set} />
      ))}
      <label class="field">
        <span>Kind</span>
        <select value={filters.kind ?? ''} onChange={({ currentTarget }) => set('kind', currentTarget.value)}>
          <option value="">Any</option>
          {ENTRY_KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {kindWords(kind)}
            </option>
          ))}
        </select>
      </label>
      <TimeFilter name="from" label="From" filters={filters} set={set} />
      <TimeFilter name="to" label="Before" filters={filters} set={set} />
      <datalist id="reasons">
        {[...REASON_CODES, ...gateCodes(useDomains())].map((code) => (
          <option key={code} value={code} />
        ))}
      </datalist>
    </div>
  )
}

function TimeFilter({ name, label, filters, set }: Setting & Field): JSX.Element {
  const value = filters[name]
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="datetime-local"
        step="1"
        value={value ? localOf(value) : ''}
        title={`Time zone: ${zoneWords(value)}`}
        onChange={({ currentTarget }) => set(name, instantOf(currentTarget.value, value) ?? '')}
      />
    </label>
  )
}
