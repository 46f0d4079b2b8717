/**
 * Legal holds: placed and lifted by auditors.
 *
 * @module
 */
import type { JSX, TargetedEvent } from 'preact'
import { useState } from 'preact/hooks'
import { api } from './api.ts'
import { Ask, At, Cell, Field, type Question, Section, Table, textOf } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'

export function Holds(): JSX.Element {
  const read = useRead(api.holds)
  const changes = useChanges(read.reload)
  const [question, setQuestion] = useState<Question>()
  const lift = (pseudonym: string): Question => ({
    title: 'Lift this legal hold?',
    text: `${pseudonym} can be erased again.`,
    yes: 'Lift',
    change: () => changes.make(() => api.setHold(pseudonym, false), 'The hold is lifted.'),
  })
  return (
    <Section
      title="Legal holds"
      about="While a hold is set, the person cannot be erased, neither at their own request nor by an operator."
      read={read}
      changes={changes}
    >
      {(holds) => (
        <>
          <Place changes={changes} />
          {holds.length === 0 && <p class="aside">There is no legal hold.</p>}
          {holds.length > 0 && (
            <Table caption="Legal holds" heads={['Person', 'Placed by', 'Since', 'Change']}>
              {holds.map(({ pseudonym, set_by, set_at }) => (
                <tr key={pseudonym}>
                  <Cell label="Person">
                    <code>{pseudonym}</code>
                  </Cell>
                  <Cell label="Placed by">
                    <code>{set_by}</code>
                  </Cell>
                  <Cell label="Since">
                    <At instant={set_at} />
                  </Cell>
                  <Cell label="Change">
                    <button
                      type="button"
                      class="button"
                      disabled={changes.isBusy}
                      onClick={() => setQuestion(lift(pseudonym))}
                    >
                      Lift<span class="sr"> the hold of {pseudonym}</span>
                    </button>
                  </Cell>
                </tr>
              ))}
            </Table>
          )}
          <Ask question={question} onClose={() => setQuestion(undefined)} />
        </>
      )}
    </Section>
  )
}

function Place({ changes }: { readonly changes: Changes }): JSX.Element {
  const submit = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const pseudonym = textOf(form, 'pseudonym')
    if (await changes.make(() => api.setHold(pseudonym, true), `${pseudonym} is held.`)) form.reset()
  }
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      <Field
        name="pseudonym"
        label="Pseudonym of a person"
        help="As in the decision log: p_ and 22 characters."
        pattern="p_[A-Za-z0-9_\-]{22}"
      />
      <button type="submit" class="button" disabled={changes.isBusy}>
        Place a hold
      </button>
    </form>
  )
}
