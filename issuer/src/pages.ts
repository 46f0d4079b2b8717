/**
 * The issuer's pages as HTML: password, one-time code, setting up an authenticator, signed out, error. Without scripts, readable by a screen reader,
 * in the style of the auditor's page. Pure.
 *
 * @module
 */
import { REALM_PATH } from './realm.ts'

/** Path of the style sheet below the realm. */
export const STYLE_PATH = '/sign-in.css'

/** A form of the sign-in. */
export interface FormPage {
  /** Absolute URL that the form is sent to. */
  readonly action: string
  /** Why the last attempt was refused. */
  readonly error?: string | undefined
}

/** A host of an AI agent by a third party that a person signs in at. */
export interface AskingHost {
  readonly clientId: string
  /** Host of the address that the browser returns to. */
  readonly returnsTo: string
  /** Services that it asks tokens for. */
  readonly services: readonly string[]
}

/** Before a password is typed: who asks, what for, where the browser goes then, and what is never given. */
function askingText(host: AskingHost | undefined): string {
  if (host === undefined) return ''
  const services = host.services.map((name) => `<strong>${escapeHtml(name)}</strong>`).join(', ')
  return `<div id="asking-host" class="warning">
      <p><strong>${escapeHtml(host.clientId)}</strong>, a program of a third party, asks to act for you as an agent at ${services || 'no service'}. Your browser then goes to <strong>${escapeHtml(host.returnsTo)}</strong>.</p>
      <p>It may do only what you permit it by a grant, until you revoke that. It never gets your rights in person: it cannot give authority, or change your settings.</p>
      <p>Continue only if you started this yourself.</p>
    </div>`
}

/** Password form. @param options - `host`: when the client is no app of the realm. */
export function passwordPage(
  options: FormPage & { readonly username?: string; readonly host?: AskingHost | undefined },
): string {
  const { action, error, username = '', host } = options
  // The field to type in has the focus, so a screen reader reads why the last attempt was refused.
  const [name, again] = username === '' ? ['autofocus', ''] : ['', 'autofocus']
  return page(
    'Sign in',
    `${askingText(host)}<form id="password-form" class="form" action="${escapeHtml(action)}" method="post">
      ${errorText(error)}
      ${field({ id: 'username', label: 'Login name', type: 'text', autocomplete: 'username', value: username, more: `autocapitalize="none" spellcheck="false" ${name}`, error })}
      ${field({ id: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', more: again, error })}
      <button id="sign-in" type="submit">Sign in</button>
    </form>`,
  )
}

/** Form for the one-time code. @param options - `host`: as for {@link passwordPage}; it may be the only page of a sign-in. */
export function codePage({ action, error, host }: FormPage & { readonly host?: AskingHost | undefined }): string {
  return page(
    'One-time code',
    `${askingText(host)}<p>Open your authenticator and type the code that it shows for Mandate.</p>
    <form id="code-form" class="form" action="${escapeHtml(action)}" method="post">
      ${errorText(error)}
      ${codeField(error)}
      <button id="sign-in" type="submit">Sign in</button>
    </form>`,
  )
}

/** @param uri - `otpauth:` address that an authenticator app on this machine opens. */
export function authenticatorPage(options: FormPage & { readonly secret: string; readonly uri: string }): string {
  const { action, error, secret, uri } = options
  return page(
    'Set up an authenticator',
    `<p>Your role needs a one-time code at every sign-in. Add this key to an authenticator app, then type the code that it shows.</p>
    <p><span class="label">Key</span> <code>${escapeHtml(secret.replaceAll(/(.{4})(?=.)/gu, '$1 '))}</code></p>
    <p><a href="${escapeHtml(uri)}">Open in an authenticator on this machine</a></p>
    <form id="authenticator-form" class="form" action="${escapeHtml(action)}" method="post">
      ${errorText(error)}
      ${codeField(error)}
      <button id="sign-in" type="submit">Set up and sign in</button>
    </form>`,
  )
}

/** A form of `oidc-provider`; `token` is its protection against forged requests. */
export interface DeviceFormPage extends FormPage {
  readonly token: string
}

export function userCodePage({ action, error, token }: DeviceFormPage): string {
  const more = 'autocapitalize="characters" spellcheck="false" maxlength="20" autofocus'
  return page(
    'Sign in at a terminal',
    `<p>Type the code that your terminal shows.</p>
    ${warning()}
    <form id="user-code-form" class="form" action="${escapeHtml(action)}" method="post">
      ${errorText(error)}
      <input type="hidden" name="xsrf" value="${escapeHtml(token)}" />
      ${field({ id: 'user_code', label: 'Code', type: 'text', autocomplete: 'off', more, error })}
      <button id="sign-in" type="submit">Continue</button>
    </form>`,
  )
}

/** Names the program before a password is typed. */
export function confirmDevicePage(options: DeviceFormPage & DeviceProgram): string {
  const { action, token, program, clientId, userCode } = options
  return page(
    'Let this program act for you?',
    `<p><strong>${escapeHtml(program)}</strong> (<code>${escapeHtml(clientId)}</code>) will do everything in your name that you can do with it.</p>
    <p><span class="label">Code</span> <code>${escapeHtml(userCode)}</code></p>
    ${warning()}
    <form id="confirm-device-form" class="form" action="${escapeHtml(action)}" method="post">
      <input type="hidden" name="xsrf" value="${escapeHtml(token)}" />
      <input type="hidden" name="user_code" value="${escapeHtml(userCode)}" />
      <p class="choices">
        <button id="confirm" type="submit" name="confirm" value="yes">My terminal shows this code</button>
        <button id="cancel" class="second" type="submit" name="abort" value="yes">Refuse</button>
      </p>
    </form>`,
  )
}

/** What a code was given to. */
interface DeviceProgram {
  readonly program: string
  readonly clientId: string
  readonly userCode: string
}

const warning = (): string =>
  '<p class="warning">Continue only if you started this sign-in yourself, just now. A code that somebody sent you signs <em>them</em> in as you.</p>'

export function deviceDonePage(): string {
  return page('You are signed in', '<p>Your terminal goes on by itself. You can close this page.</p>')
}

export function deviceRefusedPage(): string {
  return page('Refused', '<p>The program is not signed in. You can close this page.</p>')
}

export function signedOutPage(): string {
  return page('Signed out', '<p>You are signed out. You can close this page.</p>')
}

/** @param description - Becomes the title, too: it is what a client without a browser reads. */
export function errorPage(description: string): string {
  return page(description, '<p>Go back to the application and try again.</p>', 'This did not work')
}

function page(title: string, content: string, heading = title): string {
  const detail = heading === title ? '' : `<p role="alert" class="error">${escapeHtml(title)}</p>`
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escapeHtml(title)}</title>
    <link rel="stylesheet" href="${REALM_PATH}${STYLE_PATH}" />
  </head>
  <body>
    <main>
      <p class="brand">Mandate <span class="place">embedded issuer, for demos</span></p>
      <h1>${escapeHtml(heading)}</h1>
      ${detail}${content}
    </main>
  </body>
</html>
`
}

interface Field {
  readonly id: string
  readonly label: string
  readonly type: string
  readonly autocomplete: string
  readonly value?: string
  readonly more?: string
  readonly error: string | undefined
}

function field({ id, label, type, autocomplete, value = '', more = '', error }: Field): string {
  const invalid = error === undefined ? '' : 'aria-invalid="true" aria-describedby="input-error"'
  return `<label for="${id}">${label}</label>
      <input id="${id}" name="${id}" type="${type}" autocomplete="${autocomplete}" value="${escapeHtml(value)}" required ${more} ${invalid} />`
}

function codeField(error: string | undefined): string {
  const more = 'inputmode="numeric" pattern="[0-9 ]*" maxlength="9" autofocus'
  return field({ id: 'otp', label: 'One-time code', type: 'text', autocomplete: 'one-time-code', more, error })
}

function errorText(error: string | undefined): string {
  return error === undefined
    ? ''
    : `<p class="error" role="alert"><span id="input-error">${escapeHtml(error)}</span></p>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (character) => ENTITIES[character] ?? character)
}

/** Colours and faces of `ui/src/styles/type.css`, with fonts of the system. */
export const STYLE = `:root {
  --paper: #fbfaf7; --sheet: #ffffff; --ink: #1b1a17; --ink-2: #55514a; --rule-strong: #857f73; --accent: #b5370f;
  --serif: "Source Serif 4", "Iowan Old Style", Georgia, serif;
  --sans: "Source Sans 3", "Segoe UI", system-ui, sans-serif;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #161513; --sheet: #1c1b18; --ink: #ece8df; --ink-2: #bab4a8; --rule-strong: #7d776b; --accent: #ff8c61; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 400 1rem/1.5 var(--sans); }
main { max-width: 26rem; margin: 0 auto; padding: 4rem 1.25rem; }
.brand { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 0.625rem; margin: 0 0 2.5rem;
  font: 600 1.125rem/1.2 var(--serif); }
.place { color: var(--ink-2); font: 400 0.9375rem/1.2 var(--sans); }
h1 { margin: 0 0 1rem; font: 600 1.75rem/1.2 var(--serif); }
.form { display: grid; gap: 0.375rem; margin-top: 1.5rem; }
label, .label { font-weight: 600; }
input { padding: 0.5rem 0.625rem; border: 1px solid var(--rule-strong); border-radius: 3px; background: var(--sheet);
  color: var(--ink); font: inherit; margin-bottom: 0.75rem; }
input[aria-invalid] { border-color: var(--accent); }
button { justify-self: start; padding: 0.5rem 1.25rem; border: 0; border-radius: 3px; background: var(--ink);
  color: var(--paper); font: inherit; font-weight: 600; cursor: pointer; }
.choices { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 0; }
.second { background: none; color: var(--ink); box-shadow: inset 0 0 0 1px var(--rule-strong); }
.warning { padding-left: 0.75rem; border-left: 3px solid var(--rule-strong); }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
.error { margin: 0 0 0.75rem; padding-left: 0.75rem; border-left: 3px solid var(--accent); color: var(--accent); }
code { font: 400 1rem/1.5 ui-monospace, Consolas, monospace; overflow-wrap: anywhere; }
a { color: inherit; }
`
