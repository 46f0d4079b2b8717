/**
 * Sign-in screen, with how the last session ended and sign-in errors.
 *
 * @module
 */
import { Mark } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Bridge } from '../../../src/shared/channel.ts'
import type { ProblemView, SessionView, Setup } from '../../../src/shared/views.ts'
import { rememberErased } from '../store/erased.ts'
import { strings } from '../strings.ts'
import { Remains } from './account/remains.tsx'

const TEXTS = strings.signIn

interface SignInProps {
  readonly bridge: Bridge
  readonly host: Setup['host']
  readonly session: Exclude<SessionView, { readonly state: 'signed_in' }>
  readonly onSession: (session: SessionView) => void
}

export function SignIn({ bridge, host, session, onSession }: SignInProps): JSX.Element {
  const [problem, setProblem] = useState<ProblemView>()
  const [isAsking, setAsking] = useState(false)
  useEffect(() => {
    document.title = strings.brand
  }, [])
  const start = async (memory: boolean): Promise<void> => {
    setProblem(undefined)
    rememberErased(undefined)
    setAsking(true)
    const answer = await bridge.call('session.signIn', { memory })
    setAsking(false)
    if (answer.ok) onSession(answer.value)
    else setProblem(answer.problem)
  }
  const cancel = (): void => void bridge.call('session.cancelSignIn')
  if (isAsking || session.state === 'signing_in') return <Waiting onCancel={cancel} />
  if (problem?.code === 'keystore_unavailable') return <NoKeystore onSignIn={() => void start(true)} />
  const why = session.why === undefined ? undefined : WHY[session.why]
  // The development host has no keystore: asking for one would only show a problem that nobody can solve.
  const isInMemory = host === 'browser'
  return (
    <Page title={TEXTS.title}>
      {why !== undefined && problem === undefined && <p class="notice">{why}</p>}
      {session.why === 'forgotten' && <Remains />}
      {problem && <Unsuccessful problem={problem} />}
      <p class="lead">{TEXTS.lead}</p>
      <button type="button" class="button primary" onClick={() => void start(isInMemory)}>
        {TEXTS.action}
      </button>
      <p class="aside">{TEXTS.how}</p>
      {isInMemory && <p class="aside">{TEXTS.browserHost}</p>}
    </Page>
  )
}

const WHY = { ended: TEXTS.ended, signed_out: TEXTS.signedOut, forgotten: TEXTS.forgotten } as const

function Page(props: { title: string; children: ComponentChildren; isBusy?: boolean }): JSX.Element {
  return (
    <main class="plain" aria-busy={props.isBusy ?? false}>
      <div class="plain-brand">
        <Mark />
        <span>{strings.brand}</span>
      </div>
      <h1>{props.title}</h1>
      {props.children}
    </main>
  )
}

function Waiting({ onCancel }: { readonly onCancel: () => void }): JSX.Element {
  return (
    <Page title={TEXTS.waiting} isBusy>
      <p class="lead" role="status">
        {TEXTS.waitingLead}
      </p>
      <button type="button" class="button" onClick={onCancel}>
        {TEXTS.cancel}
      </button>
      <p class="aside">{TEXTS.waitingAside}</p>
    </Page>
  )
}

function NoKeystore(props: { readonly onSignIn: () => void }): JSX.Element {
  const { title, words, action, help } = TEXTS.keystore
  return (
    <Page title={title}>
      <p class="lead" role="alert">
        {words}
      </p>
      <button type="button" class="button primary" onClick={props.onSignIn}>
        {action}
      </button>
      <p class="aside">{help}</p>
    </Page>
  )
}

function Unsuccessful({ problem }: { readonly problem: ProblemView }): JSX.Element {
  const texts: Readonly<Record<string, { readonly title: string; readonly words: string }>> = TEXTS.problems
  const { title, words } = texts[problem.code] ?? TEXTS.problems.other
  return (
    <div class="notice notice-bad" role="alert">
      <strong>{title}</strong> {words}
    </div>
  )
}
