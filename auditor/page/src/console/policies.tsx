/**
 * Policies: the versions that were loaded, which packs differ between two of them, loading and rolling back.
 *
 * @module
 */
import type { PolicyRecord } from '@mandate/protocol'
import { minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { api } from './api.ts'
import { Ask, At, Cell, type Question, Section, State, Table } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'
import { compareVersions, packsOf } from './versions.ts'

export function Policies({ mayChange }: { readonly mayChange: boolean }): JSX.Element {
  const read = useRead(api.policies)
  const changes = useChanges(read.reload)
  const [question, setQuestion] = useState<Question>()
  const activate = ({ version, loaded_at }: PolicyRecord): Question => ({
    title: `Put the version of ${minuteOf(loaded_at)} in force?`,
    text: 'Every decision from now on is made by it. It stays in force after a restart, until policies are loaded again.',
    yes: 'Put in force',
    change: () => changes.make(() => api.activate(version), `The version of ${minuteOf(loaded_at)} is in force.`),
  })
  return (
    <Section
      title="Policies"
      about="A version is the content of every policy pack together. Decisions name the version that made them, and can be replayed with it."
      read={read}
      changes={changes}
    >
      {(policies) => (
        <>
          {mayChange && <Load changes={changes} onAsk={setQuestion} />}
          <Table caption="Versions, newest first" heads={['Loaded', 'Packs', 'Status']}>
            {policies.map((policy) => (
              <tr key={policy.version}>
                <Cell label="Loaded">
                  <At instant={policy.loaded_at} />
                </Cell>
                <Cell label="Packs">
                  <Packs version={policy.version} />
                </Cell>
                <Cell label="Status">
                  {policy.in_force && <State name="holds">in force</State>}
                  {!policy.in_force && mayChange && (
                    <button
                      type="button"
                      class="button"
                      disabled={changes.isBusy}
                      onClick={() => setQuestion(activate(policy))}
                    >
                      Put in force<span class="sr"> the version of {minuteOf(policy.loaded_at)}</span>
                    </button>
                  )}
                  {!(policy.in_force || mayChange) && <span class="aside">loaded before</span>}
                </Cell>
              </tr>
            ))}
          </Table>
          {policies.length > 1 && <Comparison policies={policies} />}
          <Ask question={question} onClose={() => setQuestion(undefined)} />
        </>
      )}
    </Section>
  )
}

function Load(props: { changes: Changes; onAsk: (question: Question) => void }): JSX.Element {
  const { changes, onAsk } = props
  const question: Question = {
    title: 'Load the policies from their folder?',
    text: 'They are checked whole first. A mistake is reported by file and line, and the present policies stay in force.',
    yes: 'Load',
    change: () => changes.make(api.loadPolicies, 'The policies of the folder are in force.'),
  }
  return (
    <p class="above">
      <button type="button" class="button" disabled={changes.isBusy} onClick={() => onAsk(question)}>
        Load from the folder
      </button>
    </p>
  )
}

function Packs({ version }: { readonly version: string }): JSX.Element {
  return (
    <ul class="packs">
      {[...packsOf(version)].map(([domain, hash]) => (
        <li key={domain}>
          {domain} <code>{hash}</code>
        </li>
      ))}
    </ul>
  )
}

const CHANGE_WORDS = { same: 'unchanged', changed: 'changed', added: 'added', removed: 'removed' } as const

/** Which packs differ. What differs inside a pack is not known here: the PDP gives no sources. */
function Comparison({ policies }: { readonly policies: readonly PolicyRecord[] }): JSX.Element {
  const inForce = policies.find(({ in_force }) => in_force) ?? policies[0]
  const other = policies.find(({ version }) => version !== inForce?.version)
  const [before, setBefore] = useState(other?.version ?? '')
  const [after, setAfter] = useState(inForce?.version ?? '')
  return (
    <section class="comparison" aria-labelledby="comparison">
      <h2 id="comparison">Compare two versions</h2>
      <div class="form">
        <Choice label="Before" policies={policies} version={before} onChoice={setBefore} />
        <Choice label="After" policies={policies} version={after} onChoice={setAfter} />
      </div>
      <Table caption="Packs of both versions" heads={['Domain', 'Before', 'After', 'Change']}>
        {compareVersions(before, after).map((pack) => (
          <tr key={pack.domain}>
            <Cell label="Domain">{pack.domain}</Cell>
            <Cell label="Before">{pack.before ? <code>{pack.before}</code> : 'none'}</Cell>
            <Cell label="After">{pack.after ? <code>{pack.after}</code> : 'none'}</Cell>
            <Cell label="Change">
              <span class={pack.change === 'same' ? 'aside' : 'differs'}>{CHANGE_WORDS[pack.change]}</span>
            </Cell>
          </tr>
        ))}
      </Table>
      <p class="aside">
        The PDP gives versions, not their texts. <code>mandate policy diff</code> shows which logged decisions a
        folder’s policies would make differently.
      </p>
    </section>
  )
}

function Choice(props: {
  label: string
  policies: readonly PolicyRecord[]
  version: string
  onChoice: (version: string) => void
}): JSX.Element {
  const { label, policies, version, onChoice } = props
  return (
    <label class="field">
      <span>{label}</span>
      <select value={version} onChange={(event) => onChoice(event.currentTarget.value)}>
        {policies.map((policy) => (
          <option key={policy.version} value={policy.version}>
            {minuteOf(policy.loaded_at)}
            {policy.in_force ? ', in force' : ''}
          </option>
        ))}
      </select>
    </label>
  )
}
