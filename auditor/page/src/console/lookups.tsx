/**
 * Look-ups from a person to their pseudonym: asked for by one auditor, approved by another, read by the first.
 *
 * @module
 */
import { LOOKUP_HOURS, type Lookup, type LookupResult } from '@mandate/protocol'
import type { JSX, TargetedEvent } from 'preact'
import { useState } from 'preact/hooks'
import { api } from './api.ts'
import { At, Cell, Field, Listing, Section, State, textOf } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'

export function Lookups(): JSX.Element {
  const read = useRead(api.lookups)
  const changes = useChanges(read.reload)
  const [result, setResult] = useState<LookupResult>()
  const show = (id: string): void =>
    void changes.make(
      async () => setResult(await api.readLookup(id)),
      'The result is shown, and its reading is in the log.',
    )
  return (
    <Section
      title="Look-ups"
      about={`From a person to their pseudonym in the log. One auditor asks with a case number, another approves, then the first sees it, within ${LOOKUP_HOURS} hours. Each step is in the log.`}
      read={read}
      changes={changes}
    >
      {(lookups) => (
        <>
          {result && <Result result={result} />}
          <AskFor changes={changes} />
          <Listing
            items={lookups}
            empty={`Nothing was asked for in the last ${LOOKUP_HOURS} hours.`}
            caption="Look-ups"
            heads={['Case', 'Asked by', 'Until', 'Status', 'Next step']}
          >
            {(lookup) => (
              <tr key={lookup.id}>
                <Cell label="Case">{lookup.case}</Cell>
                <Cell label="Asked by">{lookup.mine ? 'you' : <code>{lookup.asked_by}</code>}</Cell>
                <Cell label="Until">
                  <At instant={lookup.ends_at} />
                </Cell>
                <Cell label="Status">
                  <State name={lookup.status === 'approved' ? 'holds' : 'open'}>{lookup.status}</State>
                </Cell>
                <Cell label="Next step">
                  <NextStep lookup={lookup} changes={changes} onShow={show} />
                </Cell>
              </tr>
            )}
          </Listing>
          <FromLogin />
        </>
      )}
    </Section>
  )
}

/** The PDP knows no login names. The administrator of the identity provider finds the `sub` of one, and no auditor needs to be one. */
function FromLogin(): JSX.Element {
  return (
    <details class="how">
      <summary>From a login name to the identifier</summary>
      <p>
        The PDP knows people by <code>sub</code>, never by login name. Ask the administrator of the identity provider
        for the <code>sub</code> of the login, and name the case. Both auditors do so, each for themselves: the second
        one checks the first by it.
      </p>
      <dl>
        <dt>Keycloak</dt>
        <dd>
          In the administration console, of the realm: <i>Clients</i>, <i>console</i>, <i>Client scopes</i>,{' '}
          <i>Evaluate</i>. Choose the user, and read <code>sub</code> under <i>Generated access token</i>. It is not the
          ID of the user. Keycloak records the look only where admin events are saved.
        </dd>
        <dt>Embedded issuer</dt>
        <dd>
          Where its data folder is: <code>npm run --silent where -- sub LOGIN</code>. Nothing records it, since who can
          read the folder can read everything in it.
        </dd>
      </dl>
    </details>
  )
}

function Result({ result }: { readonly result: LookupResult }): JSX.Element {
  return (
    <section class="secret" aria-label={`Result for case ${result.case}`}>
      <h2>Case {result.case}</h2>
      {result.pseudonym === undefined ? (
        <p>Nobody is known by that identifier.</p>
      ) : (
        <code class="secret-text">{result.pseudonym}</code>
      )}
    </section>
  )
}

function NextStep(props: { lookup: Lookup; changes: Changes; onShow: (id: string) => void }): JSX.Element {
  const { lookup, changes, onShow } = props
  const { id, mine, status } = lookup
  if (mine && status === 'approved')
    return (
      <button type="button" class="button" disabled={changes.isBusy} onClick={() => onShow(id)}>
        Show the pseudonym<span class="sr"> for case {lookup.case}</span>
      </button>
    )
  if (mine) return <span class="aside">Another auditor must approve it.</span>
  if (status === 'approved') return <span class="aside">Who asked can read it.</span>
  return <Approve lookup={lookup} changes={changes} />
}

function Approve({ lookup, changes }: { readonly lookup: Lookup; readonly changes: Changes }): JSX.Element {
  const submit = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const sub = textOf(event.currentTarget, `approve-${lookup.id}`)
    await changes.make(() => api.approveLookup(lookup.id, sub), `Case ${lookup.case} is approved.`)
  }
  return (
    <form class="form form-inline" onSubmit={(event) => void submit(event)}>
      <Field name={`approve-${lookup.id}`} label={`Identifier of the person in case ${lookup.case}`} />
      <button type="submit" class="button" disabled={changes.isBusy}>
        Approve
      </button>
    </form>
  )
}

function AskFor({ changes }: { readonly changes: Changes }): JSX.Element {
  const submit = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const asked = { case: textOf(form, 'case'), sub: textOf(form, 'sub') }
    if (await changes.make(() => api.askLookup(asked), `Case ${asked.case} waits for another auditor.`)) form.reset()
  }
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      <Field name="case" label="Case number" pattern="[A-Za-z0-9][A-Za-z0-9._\/\-]{0,23}" help="It is in the log." />
      <Field name="sub" label="Identifier of the person (sub)" help="Of the identity provider. It is not stored." />
      <button type="submit" class="button" disabled={changes.isBusy}>
        Ask
      </button>
    </form>
  )
}
