/**
 * Agents: registered, suspended and resumed by operators; auditors read.
 *
 * @module
 */
import type { Agent } from '@mandate/protocol'
import type { JSX, TargetedEvent } from 'preact'
import { api } from './api.ts'
import { At, Cell, Field, Listing, type Question, Section, State, textOf, useAsking } from './parts.tsx'
import { type Changes, useChanges, useRead } from './use.ts'

export function Agents({ mayChange }: { readonly mayChange: boolean }): JSX.Element {
  const read = useRead(api.agents)
  const changes = useChanges(read.reload)
  const asking = useAsking()
  const suspend = ({ id }: Agent): Question => ({
    title: `Suspend ${id}?`,
    text: 'It is denied everything from now on, whoever it acts for. Its grants stay: resuming it makes them usable again.',
    yes: 'Suspend',
    change: () => changes.make(() => api.setAgent(id, 'suspended'), `${id} is suspended.`),
  })
  return (
    <Section
      title="Agents"
      about="Programs that act for people, by their client ids at the identity provider. An agent that is not registered can act for nobody."
      read={read}
      changes={changes}
    >
      {(agents) => (
        <>
          {mayChange && <Register changes={changes} />}
          <Listing
            items={agents}
            empty="No agent is registered."
            caption="Agents"
            heads={['Agent', 'Status', 'Registered', mayChange ? 'Change' : undefined]}
            asking={asking}
          >
            {(agent) => (
              <tr key={agent.id}>
                <Cell label="Agent">
                  <code>{agent.id}</code>
                </Cell>
                <Cell label="Status">
                  <Status agent={agent} />
                </Cell>
                <Cell label="Registered">
                  <At instant={agent.created_at} />
                </Cell>
                {mayChange && (
                  <Cell label="Change">
                    <Change agent={agent} changes={changes} onSuspend={() => asking.ask(suspend(agent))} />
                  </Cell>
                )}
              </tr>
            )}
          </Listing>
        </>
      )}
    </Section>
  )
}

function Status({ agent: { status, pending } }: { readonly agent: Agent }): JSX.Element {
  return (
    <State name={status === 'active' ? 'holds' : 'fails'}>
      {status}
      {pending && ', not in effect yet'}
    </State>
  )
}

function Change(props: { agent: Agent; changes: Changes; onSuspend: () => void }): JSX.Element {
  const { agent, changes, onSuspend } = props
  const { id, status } = agent
  const resume = (): void => void changes.make(() => api.setAgent(id, 'active'), `${id} is active again.`)
  return (
    <button
      type="button"
      class="button"
      disabled={changes.isBusy}
      aria-label={`${status === 'active' ? 'Suspend' : 'Resume'} ${id}`}
      onClick={status === 'active' ? onSuspend : resume}
    >
      {status === 'active' ? 'Suspend' : 'Resume'}
    </button>
  )
}

function Register({ changes }: { readonly changes: Changes }): JSX.Element {
  const submit = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const id = textOf(form, 'id')
    if (await changes.make(() => api.registerAgent(id), `${id} is registered, and can act from now on.`)) form.reset()
  }
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      <Field name="id" label="Client id of a new agent" />
      <button type="submit" class="button" disabled={changes.isBusy}>
        Register
      </button>
    </form>
  )
}
