/**
 * Personas that wait: approved or refused by persona administrators.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import { spaced } from '@mandate/ui'
import type { JSX } from 'preact'
import { api } from './api.ts'
import { At, Cell, Listing, type Question, Section, useAsking } from './parts.tsx'
import { useChanges, useRead } from './use.ts'

/** The PDP's date for no end. */
const FOREVER = '9999-'

export function Personas(): JSX.Element {
  const read = useRead(api.personas)
  const changes = useChanges(read.reload)
  const asking = useAsking()
  const approve = (persona: Persona): void =>
    void changes.make(() => api.setPersona(persona.id, 'active'), `${nameOf(persona)} is active.`)
  const refuse = (persona: Persona): Question => ({
    title: `Refuse ${nameOf(persona)}?`,
    text: 'The request ends. The person can ask again.',
    yes: 'Refuse',
    change: () => changes.make(() => api.setPersona(persona.id, 'revoked'), `${nameOf(persona)} is refused.`),
  })
  return (
    <Section
      title="Personas that wait"
      about="People who ask to act in a role that an administrator approves. Check who they are before you approve: the identifier is the one of the identity provider."
      read={read}
      changes={changes}
    >
      {(personas) => (
        <Listing
          items={personas}
          empty="Nobody waits for approval."
          caption="Personas that wait"
          heads={['Person', 'Asks to be', 'From', 'Until', 'Decide']}
          asking={asking}
        >
          {(persona) => (
            <tr key={persona.id}>
              <Cell label="Person">
                <code>{persona.holder.replace(/^user:/u, '')}</code>
              </Cell>
              <Cell label="Asks to be">
                <strong>{spaced(persona.title)}</strong> in {persona.circle}{' '}
                <span class="aside">({persona.domain})</span>
              </Cell>
              <Cell label="From">
                <At instant={persona.valid_from} />
              </Cell>
              <Cell label="Until">
                {persona.valid_till.startsWith(FOREVER) ? 'no end' : <At instant={persona.valid_till} />}
              </Cell>
              <Cell label="Decide">
                <span class="buttons">
                  <button type="button" class="button" disabled={changes.isBusy} onClick={() => approve(persona)}>
                    Approve<span class="sr"> {nameOf(persona)}</span>
                  </button>
                  <button
                    type="button"
                    class="button quiet"
                    disabled={changes.isBusy}
                    onClick={() => asking.ask(refuse(persona))}
                  >
                    Refuse<span class="sr"> {nameOf(persona)}</span>
                  </button>
                </span>
              </Cell>
            </tr>
          )}
        </Listing>
      )}
    </Section>
  )
}

const nameOf = ({ title, circle }: Persona): string => `${spaced(title)} in ${circle}`
