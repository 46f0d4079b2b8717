/**
 * Root component: sign-in state and routing.
 *
 * @module
 */
import { type JSX, render } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Bridge } from '../../src/shared/channel.ts'
import type { ProblemView, SessionView, Setup } from '../../src/shared/views.ts'
import { Layout } from './layout.tsx'
import { Failure } from './parts/states.tsx'
import { Toasts } from './parts/toast.tsx'
import { ScreenOf } from './screens/screens.tsx'
import { SignIn } from './screens/sign-in.tsx'
import { Cache } from './store/cache.ts'
import { DomainsProvider } from './store/domains.tsx'
import { AroundContext } from './store/hooks.tsx'
import { Labels } from './store/labels.ts'
import { go, useRoute } from './store/route.ts'
import { strings } from './strings.ts'

/** Mounts the app. @param bridge - The channel to the main process. */
export function mount(bridge: Bridge): void {
  const root = document.getElementById('app')
  if (root) render(<App bridge={bridge} />, root)
}

interface Known {
  readonly setup: Setup
  readonly session: SessionView
}

function App({ bridge }: { readonly bridge: Bridge }): JSX.Element {
  const [known, setKnown] = useState<Known>()
  const [problem, setProblem] = useState<ProblemView>()
  const [invitation, setInvitation] = useState<string>()
  const setSession = useCallback((session: SessionView) => setKnown((before) => before && { ...before, session }), [])
  const read = useCallback(async () => {
    const [setup, session] = await Promise.all([bridge.call('app.setup'), bridge.call('session.read')])
    if (!setup.ok) return setProblem(setup.problem)
    if (!session.ok) return setProblem(session.problem)
    setProblem(undefined)
    setKnown({ setup: setup.value, session: session.value })
  }, [bridge])
  useEffect(() => void read(), [read])
  useEffect(() => bridge.on('session', setSession), [bridge, setSession])
  useEffect(() => bridge.on('invitation', lookAt(setInvitation)), [bridge])
  const who = known?.session.state === 'signed_in' ? known.session.subject : undefined
  // A new cache for each account: data of one person must not be shown to the next.
  const cache = useMemo(() => new Cache(bridge), [bridge, who])
  const labels = useMemo(() => new Labels(bridge), [bridge, who])
  useEffect(
    () =>
      bridge.on('changed', ({ what }) => {
        cache.changed([what])
        labels.retry()
      }),
    [bridge, cache, labels],
  )
  useEffect(() => watchUses(bridge, cache), [bridge, cache])
  useRefresh(cache, known?.session)
  if (problem) return <Alone problem={problem} again={() => void read()} />
  if (!known) return <main class="plain waiting">{strings.loading}</main>
  const { setup, session } = known
  if (session.state !== 'signed_in')
    return <SignIn bridge={bridge} host={setup.host} session={session} onSession={setSession} />
  const forgetInvitation = (): void => setInvitation(undefined)
  return (
    <AroundContext.Provider
      value={{ bridge, cache, labels, setup, session, invitation, forgetInvitation }}
      key={session.subject}
    >
      <DomainsProvider>
        <Screens />
      </DomainsProvider>
      <Toasts />
    </AroundContext.Provider>
  )
}

/** Collects a burst of decisions, in milliseconds. */
const USES_MS = 1_000

/** Reloads when grants were last used, after a decision by a chain. @returns A function that stops. */
function watchUses(bridge: Bridge, cache: Cache): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = bridge.on('activity', ({ chain = [] }) => {
    if (chain.length === 0) return
    timer ??= setTimeout(() => {
      timer = undefined
      cache.changed(['uses'])
    }, USES_MS)
  })
  return () => {
    clearTimeout(timer)
    stop()
  }
}

/** Reloads everything when the app is online again. */
function useRefresh(cache: Cache, session: SessionView | undefined): void {
  const isOffline = session?.state === 'signed_in' && !session.online
  const wasOffline = useRef(isOffline)
  useEffect(() => {
    if (wasOffline.current && !isOffline) cache.refresh()
    wasOffline.current = isOffline
  }, [cache, isOffline])
}

/** Opens the screen People for an invitation link; does not redeem it. */
function lookAt(take: (code: string) => void): (opened: { readonly code: string }) => void {
  return ({ code }) => {
    take(code)
    go('people')
  }
}

function Screens(): JSX.Element {
  const route = useRoute()
  return (
    <Layout screen={route.screen}>
      <ScreenOf route={route} />
    </Layout>
  )
}

function Alone(props: { problem: ProblemView; again: () => void }): JSX.Element {
  return (
    <main class="plain">
      <h1>{strings.brand}</h1>
      <Failure problem={props.problem} again={props.again} />
    </main>
  )
}
