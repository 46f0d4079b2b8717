/**
 * API keys: created, shown once, and revoked by operators.
 *
 * @module
 */
import { type Key, MAX_KEY_DAYS } from '@mandate/protocol'
import type { JSX, TargetedEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from './api.ts'
import { At, Cell, Field, Listing, type Question, Section, State, textOf, useAsking } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'

const DAY_MS = 86_400_000

export function Keys(): JSX.Element {
  const read = useRead(api.keys)
  const changes = useChanges(read.reload)
  const [created, setCreated] = useState<Key>()
  const asking = useAsking()
  const revoke = ({ id, name }: Key): Question => ({
    title: `Revoke “${name}”?`,
    text: 'Requests with this key are refused from now on. It cannot be undone.',
    yes: 'Revoke',
    change: () => changes.make(() => api.revokeKey(id), `“${name}” is revoked.`),
  })
  return (
    <Section
      title="API keys"
      about="For callers that have no client at the identity provider. A key asks for decisions about the types it names, and does nothing else."
      read={read}
      changes={changes}
    >
      {(keys) => (
        <>
          {created?.key && <Secret name={created.name} secret={created.key} onStored={() => setCreated(undefined)} />}
          <Create changes={changes} onCreated={setCreated} />
          <Listing
            items={keys}
            empty="There is no key."
            caption="API keys"
            heads={['Name', 'Types', 'Status', 'Created', 'Ends', 'Change']}
            asking={asking}
          >
            {(key) => <KeyRow key={key.id} shown={key} changes={changes} onRevoke={() => asking.ask(revoke(key))} />}
          </Listing>
        </>
      )}
    </Section>
  )
}

type KeyStatus = 'in use' | 'revoked' | 'expired'

function statusOf({ revoked_at, expires_at }: Key): KeyStatus {
  if (revoked_at !== undefined) return 'revoked'
  return Date.parse(expires_at) <= Date.now() ? 'expired' : 'in use'
}

function KeyRow(props: { shown: Key; changes: Changes; onRevoke: () => void }): JSX.Element {
  const { shown, changes, onRevoke } = props
  const status = statusOf(shown)
  return (
    <tr>
      <Cell label="Name">{shown.name}</Cell>
      <Cell label="Types">{shown.types.join(', ')}</Cell>
      <Cell label="Status">
        <State name={status === 'in use' ? 'holds' : 'fails'}>{status}</State>
      </Cell>
      <Cell label="Created">
        <At instant={shown.created_at} />
      </Cell>
      <Cell label="Ends">
        <At instant={shown.revoked_at ?? shown.expires_at} />
      </Cell>
      <Cell label="Change">
        {status === 'in use' && (
          <button type="button" class="button" disabled={changes.isBusy} onClick={onRevoke}>
            Revoke<span class="sr"> {shown.name}</span>
          </button>
        )}
      </Cell>
    </tr>
  )
}

/** Shows the secret of a new key, once. Takes the focus, so that it is not overlooked. */
function Secret(props: { name: string; secret: string; onStored: () => void }): JSX.Element {
  const { name, secret, onStored } = props
  const [isCopied, setCopied] = useState(false)
  const box = useRef<HTMLElement>(null)
  useEffect(() => box.current?.focus(), [])
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(secret)
    setCopied(true)
  }
  return (
    <section class="secret" ref={box} tabIndex={-1} aria-label={`The new key ${name}`}>
      <h2>This is the key “{name}”. It is shown only now.</h2>
      <p>Store it where the caller reads it. If it is lost, create another and revoke this one.</p>
      <code class="secret-text">{secret}</code>
      <div class="buttons">
        <button type="button" class="button" onClick={() => void copy().catch(() => setCopied(false))}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" class="button" onClick={onStored}>
          It is stored
        </button>
      </div>
    </section>
  )
}

const dayOf = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)

function Create(props: { changes: Changes; onCreated: (key: Key) => void }): JSX.Element {
  const { changes, onCreated } = props
  const types = useRead(api.types)
  const submit = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const name = textOf(form, 'name')
    const chosen = new FormData(form).getAll('types').map(String)
    const expires_at = `${textOf(form, 'until')}T00:00:00Z`
    const create = async (): Promise<void> => onCreated(await api.createKey({ name, types: chosen, expires_at }))
    if (await changes.make(create, `“${name}” is created.`)) form.reset()
  }
  return (
    <details class="create">
      <summary class="button">Create a key</summary>
      <form class="form form-tall" onSubmit={(event) => void submit(event)}>
        <Field name="name" label="Name" help="What calls with it, for this list." />
        <Field
          name="until"
          label="Ends at the beginning of (UTC)"
          type="date"
          value={dayOf(90)}
          min={dayOf(1)}
          max={dayOf(MAX_KEY_DAYS - 1)}
        />
        <fieldset class="types">
          <legend>May ask about</legend>
          {(types.value ?? []).map((type) => (
            <label key={type}>
              <input type="checkbox" name="types" value={type} /> {type}
            </label>
          ))}
        </fieldset>
        <button type="submit" class="button" disabled={changes.isBusy}>
          Create
        </button>
      </form>
    </details>
  )
}
