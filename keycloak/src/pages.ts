/**
 * Parser of the sign-in pages of Keycloak and of the embedded issuer: which form is shown, and its error message. Pure.
 *
 * @module
 */

/** A parsed page: a form with its target URL (`action`) and error message, or another page with its title. */
export type SignInPage =
  | { readonly kind: 'password' | 'code'; readonly action: string; readonly error: string | undefined }
  | DevicePage
  | { readonly kind: 'other'; readonly title: string }

/** A page of the device authorization grant. */
interface DevicePage {
  readonly kind: 'user-code' | 'consent'
  readonly action: string
  readonly error: string | undefined
  /** Hidden fields of the form. */
  readonly hidden: Readonly<Record<string, string>>
}

/** By the id of the form: Keycloak's, and the embedded issuer's. */
const FORMS = {
  'kc-form-login': 'password',
  'kc-otp-login-form': 'code',
  'password-form': 'password',
  'code-form': 'code',
  'kc-user-verify-device-user-code-form': 'user-code',
  'user-code-form': 'user-code',
  'confirm-device-form': 'consent',
} as const

/** Parses a page. Without one of these forms it is `other`, with its error message or heading as `title`. */
export function readPage(html: string): SignInPage {
  for (const [id, kind] of Object.entries(FORMS)) {
    const action = formAction(html, id)
    if (action === undefined) continue
    if (kind === 'password' || kind === 'code') return { kind, action, error: fieldError(html) }
    return { kind, action, error: fieldError(html), hidden: hiddenFields(html) }
  }
  // Keycloak's consent form has no id.
  const consent = /<form\b[^>]*\baction="([^"]*login-actions\/consent[^"]*)"/.exec(html)?.[1]
  if (consent !== undefined)
    return { kind: 'consent', action: unescapeHtml(consent), error: undefined, hidden: hiddenFields(html) }
  return { kind: 'other', title: text(/id="kc-error-message"[^>]*>(.*?)<\/div>/s, html) ?? title(html) }
}

function formAction(html: string, id: string): string | undefined {
  const tag = (html.match(/<form\b[^>]*>/g) ?? []).find((form) => form.includes(`id="${id}"`))
  const action = tag && /\baction="([^"]*)"/.exec(tag)?.[1]
  return action === undefined ? undefined : unescapeHtml(action)
}

function hiddenFields(html: string): Readonly<Record<string, string>> {
  const tags = [...html.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([tag]) => tag)
  const attribute = (tag: string, name: string): string =>
    unescapeHtml(new RegExp(`\\b${RegExp.escape(name)}="([^"]*)"`).exec(tag)?.[1] ?? '')
  return Object.fromEntries(tags.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]))
}

/** The message beside a field, or the alert above the form. */
function fieldError(html: string): string | undefined {
  return (
    text(/id="input-error[^"]*"[^>]*>(.*?)<\/span>/s, html) ??
    text(/class="kc-feedback-text"[^>]*>(.*?)<\/span>/s, html)
  )
}

function title(html: string): string {
  return text(/id="kc-page-title"[^>]*>(.*?)<\/h1>/s, html) ?? text(/<title>(.*?)<\/title>/s, html) ?? 'an unknown page'
}

function text(pattern: RegExp, html: string): string | undefined {
  const inner = pattern.exec(html)?.[1]?.replaceAll(/<[^>]*>/g, ' ')
  const plain = inner === undefined ? '' : unescapeHtml(inner).replaceAll(/\s+/g, ' ').trim()
  return plain === '' ? undefined : plain
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function unescapeHtml(escaped: string): string {
  return escaped.replaceAll(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole)
}
