import { expect, test } from 'vitest'
import { readPage } from './pages.ts'

const PASSWORD = `<form id="kc-form-login" class="f" onsubmit="login.disabled = true; return true;"
  action="http://127.0.0.1:1/auth?a=1&amp;b=2" method="post" novalidate="novalidate">`
const CODE = '<form id="kc-otp-login-form" action="/code" method="post">'

test.for([
  [
    'the password form, its action unescaped',
    PASSWORD,
    { kind: 'password', action: 'http://127.0.0.1:1/auth?a=1&b=2', error: undefined },
  ],
  [
    'a refused password, with its reason in plain text',
    `${PASSWORD}<span id="input-error-username" class="e">\n Invalid username or <b>password</b>. </span>`,
    { kind: 'password', action: 'http://127.0.0.1:1/auth?a=1&b=2', error: 'Invalid username or password .' },
  ],
  ['the form for the one-time code', CODE, { kind: 'code', action: '/code', error: undefined }],
  [
    "the embedded issuer's form",
    '<form id="password-form" class="form" action="/p" method="post"><p><span id="input-error">Invalid</span></p>',
    { kind: 'password', action: '/p', error: 'Invalid' },
  ],
  [
    "Keycloak's consent form, known by its action, with its hidden fields",
    '<form class="form-actions" action="http://kc/login-actions/consent?a=1&amp;b=2" method="POST"><input type="hidden" name="code" value="x">',
    { kind: 'consent', action: 'http://kc/login-actions/consent?a=1&b=2', error: undefined, hidden: { code: 'x' } },
  ],
  [
    'an error page',
    '<div id="kc-error-message"><p class="i">Invalid parameter: redirect_uri</p></div>',
    { kind: 'other', title: 'Invalid parameter: redirect_uri' },
  ],
  [
    'a form of another kind is named by its title',
    '<title>x</title><h1 id="kc-page-title">Set up an authenticator</h1><form id="kc-totp-settings-form" action="/t">',
    { kind: 'other', title: 'Set up an authenticator' },
  ],
  ['anything else', 'nonsense', { kind: 'other', title: 'an unknown page' }],
] as const)('%s', ([, html, page]) => {
  expect(readPage(html)).toEqual(page)
})
