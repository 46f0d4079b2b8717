/**
 * Root component: chooses the page by URL and session.
 *
 * @module
 */

import type { VerifierKey } from '@mandate/protocol'
import { type Domains, DomainsContext, pinnedKeys } from '@mandate/ui'
import type { JSX } from 'preact'
import { api } from './api.ts'
import { Bar } from './bar.tsx'
import { following, go, type PageLocation, usePageLocation } from './location.ts'
import { LogPage } from './log.tsx'
import { useLogs } from './logs.tsx'
import { Failure, Plain } from './parts.tsx'
import { useLoaded } from './use.ts'

const follow = following((path) => !/^\/(api\/|sign|console)/u.test(path))

export function App(): JSX.Element {
  const place = usePageLocation()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: links do both; this only keeps them on the page
    <div class="app" onClick={follow}>
      {place.page === 'logged-out' && <SignedOut />}
      {place.page === 'refused' && <NotSignedIn />}
      {place.page === 'log' && <SignedIn />}
    </div>
  )
}

interface Access {
  readonly auditor: boolean
  /** Whether the person's roles open a section of the console. */
  readonly console: boolean
  readonly keys: readonly VerifierKey[]
}

const NO_DOMAINS: Domains = []

function SignedIn(): JSX.Element {
  const place = usePageLocation()
  const access = useLoaded<Access | undefined>(async (signal) => {
    const session = await api.session(signal)
    return session && { ...session, keys: await pinnedKeys(session.keys) }
  }, [])
  // Without them codes and numbers are shown as logged.
  const domains = useLoaded(
    async (signal) => (access.state === 'there' && access.value ? await api.domains(signal) : NO_DOMAINS),
    [access.state],
  )
  if (access.state === 'loading') return <Plain title="Decision log" busy />
  if (access.state === 'failed')
    return (
      <Plain title="Decision log">
        <Failure error={access.error} again={access.again} />
      </Plain>
    )
  if (access.value === undefined) return <SignIn />
  return (
    <DomainsContext.Provider value={domains.state === 'there' ? domains.value : NO_DOMAINS}>
      <Workplace access={access.value} place={place} />
    </DomainsContext.Provider>
  )
}

function Workplace({ access, place }: { readonly access: Access; readonly place: PageLocation }): JSX.Element {
  const { keys, auditor, console: isOfConsole } = access
  const logs = useLogs(keys)
  return (
    <>
      <Bar logs={logs} isOfConsole={isOfConsole} onSignOut={signOut} />
      <LogPage place={place} keys={keys} logs={logs} isAuditor={auditor} />
    </>
  )
}

function signInAddress(): string {
  const here = location.pathname + location.search
  return `/sign-in?to=${encodeURIComponent(/^\/(logged-out|refused)/u.test(here) ? '/' : here)}`
}

function SignIn(): JSX.Element {
  return (
    <Plain title="Every decision, and the proof of it.">
      <p class="lead">
        Find who did what in whose name, follow the authority from grant to grant, and check in your own browser that
        nothing was changed since.
      </p>
      <a class="button primary" href={signInAddress()}>
        Sign in
      </a>
      <p class="aside">For auditors. A one-time code is asked for. What you read is recorded too.</p>
    </Plain>
  )
}

function SignedOut(): JSX.Element {
  return (
    <Plain title="You are signed out.">
      <p class="lead">Nothing of the log was kept in this browser but the size and root of the last log it verified.</p>
      <a class="button primary" href="/sign-in">
        Sign in again
      </a>
    </Plain>
  )
}

function NotSignedIn(): JSX.Element {
  return (
    <Plain title="You were not signed in.">
      <p class="lead">The identity provider refused, or the sign-in took too long.</p>
      <a class="button primary" href="/sign-in">
        Try again
      </a>
    </Plain>
  )
}

async function signOut(): Promise<void> {
  const url = await api.signOut().catch(() => '/logged-out')
  if (url.startsWith('/')) go(url, 'replace')
  else location.assign(url)
}
