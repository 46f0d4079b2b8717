/**
 * Root component of the console: signing in, the sections that the person's roles open, and the one at the address.
 *
 * @module
 */
import { Mark } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { following, useLocation } from '../location.ts'
import { Failure, Plain } from '../parts.tsx'
import { useLoaded } from '../use.ts'
import { Agents } from './agents.tsx'
import { api, type Role } from './api.ts'
import { Health } from './health.tsx'
import { Holds } from './holds.tsx'
import { Keys } from './keys.tsx'
import { addressOfSection, parseConsolePath, type SectionName, sectionsFor } from './location.ts'
import { Lookups } from './lookups.tsx'
import { SIGN_IN } from './parts.tsx'
import { Personas } from './personas.tsx'
import { Policies } from './policies.tsx'
import { Services } from './services.tsx'

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  operator: 'operator',
  'persona-admin': 'persona administrator',
  auditor: 'auditor',
}

const follow = following((path) => /^\/console(?!\/sign)/u.test(path))

export function ConsoleApp(): JSX.Element {
  const path = useLocation(({ pathname }) => pathname)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: links do both; this only keeps them on the page
    <div class="app" onClick={follow}>
      {parseConsolePath(path) === 'refused' ? <NotSignedIn /> : <SignedIn path={path} />}
    </div>
  )
}

function SignedIn({ path }: { readonly path: string }): JSX.Element {
  const roles = useLoaded((signal) => api.roles(signal), [])
  if (roles.state === 'loading') return <Plain title="Console" busy />
  if (roles.state === 'failed')
    return (
      <Plain title="Console">
        <Failure error={roles.error} again={roles.again} signIn={SIGN_IN} />
      </Plain>
    )
  if (roles.value === undefined) return <SignIn path={path} />
  if (roles.value.length === 0) return <NoRole />
  return <Workplace roles={roles.value} path={path} />
}

function Workplace({ roles, path }: { readonly roles: readonly Role[]; readonly path: string }): JSX.Element {
  const asked = parseConsolePath(path)
  const sections = sectionsFor(roles)
  const current = sections.find(({ name }) => name === asked)
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = `${current?.label ?? 'Console'} · Mandate`
    // A new section is read from its beginning, also by screen readers. The first one has the browser's own focus.
    if (!isFirst.current) main.current?.focus()
    isFirst.current = false
  }, [current?.name])
  return (
    <>
      <Bar roles={roles} />
      <div class="console">
        <nav class="sections" aria-label="Sections">
          <ul>
            {sections.map(({ name, label }) => (
              <li key={name}>
                <a href={addressOfSection(name)} aria-current={name === current?.name ? 'page' : undefined}>
                  {label}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main class="section" id="section" ref={main} tabIndex={-1} key={current?.name}>
          {current ? <Shown name={current.name} roles={roles} /> : <NotHere />}
        </main>
      </div>
    </>
  )
}

function Shown({ name, roles }: { readonly name: SectionName; readonly roles: readonly Role[] }): JSX.Element {
  const mayChange = roles.includes('operator')
  switch (name) {
    case 'health':
      return <Health />
    case 'agents':
      return <Agents mayChange={mayChange} />
    case 'personas':
      return <Personas />
    case 'keys':
      return <Keys />
    case 'policies':
      return <Policies mayChange={mayChange} maySeeEntries={roles.includes('auditor')} />
    case 'services':
      return <Services />
    case 'holds':
      return <Holds />
    case 'lookups':
      return <Lookups />
  }
}

function Bar({ roles }: { readonly roles: readonly Role[] }): JSX.Element {
  return (
    <header class="bar">
      <a class="skip" href="#section">
        Skip to the section
      </a>
      <a class="brand" href="/console">
        <Mark />
        <span class="brand-name">Mandate</span>
        <span class="brand-place">Console</span>
      </a>
      <p class="as-role">{roles.map((role) => ROLE_WORDS[role]).join(', ')}</p>
      {roles.includes('auditor') && (
        <a class="bar-link" href="/">
          Decision log
        </a>
      )}
      <button type="button" class="button quiet" onClick={() => void leave()}>
        Sign out
      </button>
    </header>
  )
}

function NotHere(): JSX.Element {
  return (
    <>
      <h1 class="section-title">This is not for your roles.</h1>
      <p class="section-about">The address is wrong, or the section is for people with another role.</p>
    </>
  )
}

function SignIn({ path }: { readonly path: string }): JSX.Element {
  return (
    <Plain title="Agents, personas, keys and policies.">
      <p class="lead">
        For operators, persona administrators and auditors. Each change is an entry of the decision log.
      </p>
      <a class="button primary" href={`${SIGN_IN}?to=${encodeURIComponent(path)}`}>
        Sign in
      </a>
      <p class="aside">A one-time code is asked for.</p>
    </Plain>
  )
}

function NoRole(): JSX.Element {
  return (
    <Plain title="You have no role here.">
      <p class="lead">
        The console is for operators, persona administrators and auditors who signed in with a one-time code. If you
        were given a role just now, sign in again.
      </p>
      <button type="button" class="button primary" onClick={() => void leave()}>
        Sign out
      </button>
    </Plain>
  )
}

function NotSignedIn(): JSX.Element {
  return (
    <Plain title="You were not signed in.">
      <p class="lead">The identity provider refused, or the sign-in took too long.</p>
      <a class="button primary" href={SIGN_IN}>
        Try again
      </a>
    </Plain>
  )
}

/** Signs out, here and at the identity provider. */
async function leave(): Promise<void> {
  location.assign(await api.signOut().catch(() => '/console'))
}
