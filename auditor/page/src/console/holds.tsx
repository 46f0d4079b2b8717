/**
 * Legal holds: placed and lifted by auditors.
 *
 * @module
 */
import type { JSX, TargetedEvent } from 'preact'
import { api } from './api.ts'
import { At, Cell, Field, Listing, type Question, Section, textOf, useAsking } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'

export function Holds(): JSX.Element {
  const read = useRead(api.holds)
  const changes = useChanges(read.reload)
  const asking = useAsking()
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
          <Listing
            items={holds}
            empty="There is no legal hold."
            caption="Legal holds"
            heads={['Person', 'Placed by', 'Since', 'Change']}
            asking={asking}
          >
            {({ pseudonym, set_by, set_at }) => (
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
                    onClick={() => asking.ask(lift(pseudonym))}
                  >
                    Lift<span class="sr"> the hold of {pseudonym}</span>
                  </button>
                </Cell>
              </tr>
            )}
          </Listing>
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
