/**
 * Filter bar. Filters are combined with AND and are in the URL, so that back and forward work.
 *
 * @module
 */
import { type Domains, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Field } from '../../parts/field.tsx'
import { verbOf } from '../../store/domains.tsx'
import { sentenceOf } from '../../store/grants.ts'
import { useCall } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { activityAddress, countOf, type FilterName, type Filters } from './filters.ts'
import type { Search } from './search.ts'

const TEXTS = strings.activity.filters

interface Option {
  readonly value: string
  readonly label: string
}
type Set = (name: FilterName, value: string) => void

interface FilterBarProps {
  readonly filters: Filters
  readonly search: Search
  readonly onSearch: (search: Search) => void
}

export function FilterBar({ filters, search, onSearch }: FilterBarProps): JSX.Element {
  const [isOpen, setOpen] = useState(countOf(filters) > 0)
  const count = countOf(filters)
  const set: Set = (name, value) => {
    const { [name]: _, ...others } = filters
    location.hash = activityAddress(value === '' ? others : { ...others, [name]: value })
  }
  return (
    <search class="filter-bar" aria-label={TEXTS.label}>
      <SearchFields search={search} onSearch={onSearch} />
      <div class="buttons">
        <button
          type="button"
          class="button opens"
          aria-expanded={isOpen}
          aria-controls="filters"
          onClick={() => setOpen((is) => !is)}
        >
          {count > 0 ? TEXTS.count(count) : TEXTS.show}
        </button>
        {count > 0 && (
          <a class="button quiet" href={activityAddress({})}>
            {strings.activity.clear}
          </a>
        )}
      </div>
      <div class="filter-fields" id="filters" hidden={!isOpen}>
        <Fields filters={filters} set={set} />
      </div>
    </search>
  )
}

function SearchFields({ search, onSearch }: Pick<FilterBarProps, 'search' | 'onSearch'>): JSX.Element {
  const { contacts } = usePeople()
  return (
    <div class="search-fields">
      <Field label={TEXTS.search} help={TEXTS.searchHelp}>
        {(attributes) => (
          <input
            {...attributes}
            type="search"
            value={search.text}
            onInput={({ currentTarget }) => onSearch({ ...search, text: currentTarget.value })}
          />
        )}
      </Field>
      <Field label={TEXTS.person}>
        {(attributes) => (
          <select
            {...attributes}
            value={search.person ?? ''}
            onChange={({ currentTarget }) => onSearch({ ...search, person: currentTarget.value || undefined })}
          >
            <option value="">{TEXTS.anyPerson}</option>
            {contacts.map(({ party, name }) => (
              <option key={party} value={party}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  )
}

function Fields({ filters, set }: { readonly filters: Filters; readonly set: Set }): JSX.Element {
  const { agents } = usePeople()
  const things = useThingOptions()
  const grants = useGrantOptions()
  const actions = actionOptions(useDomains())
  const select = (name: FilterName, label: string, any: string, options: readonly Option[]): JSX.Element => (
    <Select name={name} label={label} any={any} options={options} value={filters[name] ?? ''} set={set} />
  )
  return (
    <>
      {select('who', TEXTS.who, TEXTS.anybody, [
        { value: 'me', label: TEXTS.me },
        ...agents.map(({ id, title }) => ({ value: `agent:${id}`, label: title })),
      ])}
      {select('answer', TEXTS.decision, TEXTS.either, [
        { value: 'permit', label: TEXTS.permit },
        { value: 'deny', label: TEXTS.deny },
      ])}
      {select('kind', TEXTS.kind, TEXTS.anyKind, optionsOf(strings.activity.kinds))}
      {select('action', TEXTS.action, TEXTS.anyAction, actions)}
      {select('thing', TEXTS.thing, TEXTS.anyThing, things)}
      {select('grant', TEXTS.grant, TEXTS.anyGrant, grants)}
      <Day name="from" label={TEXTS.from} value={filters.from ?? ''} set={set} />
      <Day name="to" label={TEXTS.to} value={filters.to ?? ''} set={set} />
    </>
  )
}

const optionsOf = (words: Readonly<Record<string, string>>): readonly Option[] =>
  Object.entries(words).map(([value, label]) => ({ value, label }))

/** The actions of all domains, each name once. */
function actionOptions(domains: Domains): readonly Option[] {
  const words = domains.flatMap((domain) =>
    Object.keys(domain.actions).map((action) => [action, strings.capital(verbOf(action, domain))] as const),
  )
  return optionsOf(Object.fromEntries(words))
}

function useThingOptions(): readonly Option[] {
  const found = useCall('things.list')
  const things = useThings()
  const items = found.state === 'there' ? found.value.items : []
  return items.map((thing) => ({ value: thing, label: strings.capital(things.nameOf(thing)) }))
}

/** Grants that the person gave. */
function useGrantOptions(): readonly Option[] {
  const people = usePeople()
  const things = useThings()
  const grants = useCall('grants.list', { include: 'ended' })
  const items = grants.state === 'there' ? grants.value.items : []
  return items
    .filter(({ delegator }) => delegator === people.me)
    .map((grant) => ({ value: grant.id, label: sentenceOf(grant, people, things) }))
}

interface SelectProps {
  readonly name: FilterName
  readonly label: string
  readonly any: string
  readonly options: readonly Option[]
  readonly value: string
  readonly set: Set
}

function Select({ name, label, any, options, value, set }: SelectProps): JSX.Element {
  const isKnown = value === '' || options.some((option) => option.value === value)
  return (
    <Field label={label}>
      {(attributes) => (
        <select {...attributes} value={value} onChange={({ currentTarget }) => set(name, currentTarget.value)}>
          <option value="">{any}</option>
          {!isKnown && <option value={value}>{value}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

interface DayProps {
  readonly name: 'from' | 'to'
  readonly label: string
  readonly value: string
  readonly set: Set
}

function Day({ name, label, value, set }: DayProps): JSX.Element {
  return (
    <Field label={label}>
      {(attributes) => (
        <input
          {...attributes}
          type="date"
          value={value}
          onChange={({ currentTarget }) => set(name, currentTarget.value)}
        />
      )}
    </Field>
  )
}
