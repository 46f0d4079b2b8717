/**
 * Layout around every screen: navigation, who can act for the person now, offline notice.
 *
 * @module
 */
import { Mark, useDomains } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './parts/icon.tsx'
import { keepFocus } from './parts/kept-focus.ts'
import { AuthorityNotices } from './parts/notices.tsx'
import { Standing, StandingLine } from './parts/standing.tsx'
import { announce } from './parts/toast.tsx'
import { titleWords } from './store/domains.tsx'
import { useAround, useEvent } from './store/hooks.tsx'
import { addressOf, SCREENS, type Screen } from './store/route.ts'
import { strings } from './strings.ts'

export function Layout(props: { screen: Screen; children: ComponentChildren }): JSX.Element {
  const { screen, children } = props
  const { session } = useAround()
  useEffect(() => keepFocus(() => document.getElementById('main')), [])
  useEvent('expiring', ({ grants }) => announce(strings.sharing.expiring(grants.length)))
  return (
    <div class="layout">
      <button type="button" class="skip" onClick={toMain}>
        {strings.skip}
      </button>
      <header class="side">
        <a class="brand" href={addressOf('trips')}>
          <Mark />
          <span class="brand-name">{strings.brand}</span>
        </a>
        <nav aria-label={strings.nav.label}>
          <ul class="nav">
            {SCREENS.map((name) => (
              <li key={name}>
                <a class="nav-link" href={addressOf(name)} aria-current={name === screen ? 'page' : undefined}>
                  <Icon name={name} />
                  <span>{strings.nav[name]}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Standing />
        <ActingAs />
      </header>
      <AuthorityNotices />
      <main class="main" id="main" tabIndex={-1}>
        <StandingLine />
        {!session.online && <Offline />}
        {children}
      </main>
    </div>
  )
}

/** The persona of every request, with the way to another one. */
function ActingAs(): JSX.Element | null {
  const { session } = useAround()
  const domains = useDomains()
  if (session.persona === undefined) return null
  const [title = '', circle = ''] = session.persona.split('/')
  return (
    <a class="acting-as" href={addressOf('settings')}>
      {strings.actingAs(titleWords(title, domains), circle)}
    </a>
  )
}

/** Moves the focus to the content. Not a link: the hash is the route. */
function toMain(): void {
  document.getElementById('main')?.focus()
}

function Offline(): JSX.Element {
  return (
    <div class="offline" role="status">
      <strong>{strings.stale.title}</strong> {strings.stale.words}
    </div>
  )
}

/** Heading of a screen. Gets the focus, so that screen readers announce the new screen. */
export function Heading(props: { title: string; lead?: ComponentChildren; children?: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${props.title} · ${strings.brand}`
    // Not when the app opens: reading starts at the top.
    if (document.activeElement !== document.body) heading.current?.focus({ preventScroll: true })
    scrollTo({ top: 0 })
  }, [props.title])
  return (
    <div class="heading">
      <div class="heading-words">
        <h1 ref={heading} tabIndex={-1}>
          {props.title}
        </h1>
        {props.lead !== undefined && <p class="lead">{props.lead}</p>}
      </div>
      {props.children !== undefined && <div class="heading-actions">{props.children}</div>}
    </div>
  )
}
