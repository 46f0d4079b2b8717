/**
 * Policies: the versions that were loaded, comparing two of them, loading and rolling back.
 *
 * @module
 */
import type { PolicyRecord } from '@mandate/protocol'
import { minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { api } from './api.ts'
import { Comparison } from './comparison.tsx'
import { At, Cell, Listing, type Question, Section, State, useAsking } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'
import { packsOf } from './versions.ts'

/** @param props.maySeeEntries - Whether the person may open entries of others: auditors may. */
export function Policies(props: { mayChange: boolean; maySeeEntries: boolean }): JSX.Element {
  const { mayChange, maySeeEntries } = props
  const read = useRead(api.policies)
  const changes = useChanges(read.reload)
  const asking = useAsking()
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
          {mayChange && <Load changes={changes} onAsk={asking.ask} />}
          <Listing
            items={policies}
            empty="No version was loaded."
            caption="Versions, newest first"
            heads={['Loaded', 'Packs', 'Status']}
            asking={asking}
          >
            {(policy) => (
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
                      onClick={() => asking.ask(activate(policy))}
                    >
                      Put in force<span class="sr"> the version of {minuteOf(policy.loaded_at)}</span>
                    </button>
                  )}
                  {!(policy.in_force || mayChange) && <span class="aside">loaded before</span>}
                </Cell>
              </tr>
            )}
          </Listing>
          {policies.length > 1 && <Comparison policies={policies} maySeeEntries={maySeeEntries} />}
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
