/**
 * Screen Account: identity, stored data, export, sign-out, erasure.
 *
 * @module
 */
import { useDomains } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Heading } from '../../layout.tsx'
import { Copied } from '../../parts/copy.tsx'
import { Problem } from '../../parts/states.tsx'
import { useAction, useAround, useOnline } from '../../store/hooks.tsx'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { PartyNumber } from '../people/number.tsx'
import { personaWords } from '../settings/persona.ts'
import { ForgetDialog } from './forget-dialog.tsx'
import { OwnName } from './own-name.tsx'

const TEXTS = strings.account

export function Account(): JSX.Element {
  return (
    <>
      <Heading title={TEXTS.title} lead={TEXTS.lead} />
      <Who />
      <Data />
      <Leaving />
      <Talks />
    </>
  )
}

function Part(props: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="account-part">
      <h2 class="section-title">{props.title}</h2>
      <div class="account-body">{props.children}</div>
    </section>
  )
}

function Who(): JSX.Element {
  const { session, setup } = useAround()
  const { subject, persona, keptIn } = session
  const [title, circle] = persona?.split('/') ?? []
  const domains = useDomains()
  const name = title === undefined ? TEXTS.noPersona : personaWords({ title, circle: circle ?? '' }, domains)
  return (
    <Part title={TEXTS.who}>
      <OwnName />
      <Copied
        text={subject.replace(/^user:/u, '')}
        label={TEXTS.id}
        action={TEXTS.copy}
        done={TEXTS.copied}
        failed={strings.invite.notCopied}
      />
      <p class="aside">{TEXTS.idHelp}</p>
      <PartyNumber party={subject} label={TEXTS.number} />
      <p class="aside">{TEXTS.numberHelp}</p>
      <dl class="facts">
        <div>
          <dt>{TEXTS.persona}</dt>
          <dd>
            {name}. <a href={addressOf('settings')}>{TEXTS.change}</a>
          </dd>
        </div>
        <div>
          <dt>{TEXTS.signInAt}</dt>
          <dd>{new URL(setup.issuer).host}</dd>
        </div>
        <div>
          <dt>{TEXTS.kept}</dt>
          <dd>{setup.host === 'browser' ? TEXTS.keptInBrowser : TEXTS.keptIn[keptIn]}</dd>
        </div>
      </dl>
    </Part>
  )
}

function Data(): JSX.Element {
  const isOnline = useOnline()
  const save = useAction('account.export')
  const [said, setSaid] = useState('')
  const take = async (): Promise<void> => {
    setSaid('')
    const answer = await save.run()
    if (!answer.ok) return
    const { saved, name } = answer.value
    setSaid(saved ? savedWords(name) : TEXTS.notExported)
  }
  return (
    <Part title={TEXTS.exportTitle}>
      <p>{TEXTS.exportWords}</p>
      <div class="buttons">
        <button type="button" class="button" disabled={!isOnline || save.isBusy} onClick={() => void take()}>
          {save.isBusy ? TEXTS.exporting : TEXTS.exportAction}
        </button>
        <span role="status">{said}</span>
      </div>
      <Problem problem={save.problem} />
    </Part>
  )
}

const savedWords = (name: string | undefined): string =>
  name === undefined ? TEXTS.exportedNoName : TEXTS.exported(name)

function Leaving(): JSX.Element {
  const isOnline = useOnline()
  const [isForgetting, setForgetting] = useState(false)
  const signOut = useAction('session.signOut')
  return (
    <>
      <Part title={TEXTS.signOut}>
        <p>{TEXTS.signOutWords}</p>
        <p class="aside">{TEXTS.signOutMemory}</p>
        <div class="buttons">
          <button type="button" class="button" disabled={signOut.isBusy} onClick={() => void signOut.run()}>
            {signOut.isBusy ? TEXTS.signingOut : TEXTS.signOut}
          </button>
        </div>
        <Problem problem={signOut.problem} />
      </Part>
      <Part title={TEXTS.forgetTitle}>
        <p>{TEXTS.forgetWords}</p>
        <div class="buttons">
          <button type="button" class="button danger" disabled={!isOnline} onClick={() => setForgetting(true)}>
            {TEXTS.forgetAction}
          </button>
        </div>
      </Part>
      {isForgetting && <ForgetDialog onClose={() => setForgetting(false)} />}
    </>
  )
}

function Talks(): JSX.Element {
  const { setup } = useAround()
  const open = useAction('app.open')
  const places = [
    [TEXTS.issuer, setup.issuer] as const,
    ...Object.entries(setup.services).map(([name, url]) => [serviceWords(name, setup.agents), url] as const),
  ]
  return (
    <Part title={TEXTS.talks}>
      <p>{TEXTS.talksLead}</p>
      <dl class="facts">
        {places.map(([name, url]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{url}</code>
            </dd>
          </div>
        ))}
        <div>
          <dt>{TEXTS.version}</dt>
          <dd>
            {setup.version}
            {setup.host === 'browser' && `. ${TEXTS.browserHost}`}
          </dd>
        </div>
      </dl>
      {setup.hasSecurityPolicy && (
        <div class="buttons">
          <button type="button" class="button" onClick={() => void open.run({ what: 'security-policy' })}>
            {TEXTS.policy}
          </button>
        </div>
      )}
      <Problem problem={open.problem} />
    </Part>
  )
}

function serviceWords(name: string, agents: readonly { readonly id: string; readonly title: string }[]): string {
  const agent = agents.find(({ id }) => id === name)
  return agent ? TEXTS.agent(agent.title) : (TEXTS.services[name] ?? strings.capital(name))
}
