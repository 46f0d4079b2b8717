import { expect, test } from 'vitest'
import {
  authenticatorPage,
  codePage,
  confirmDevicePage,
  deviceDonePage,
  deviceRefusedPage,
  errorPage,
  passwordPage,
  signedOutPage,
  userCodePage,
} from './pages.ts'

const FORM = { action: 'http://127.0.0.1:1/realms/mandate/sign-in/x/password', error: 'Wrong <name> or password' }
const PAGES = {
  password: passwordPage({ ...FORM, username: '"><script>' }),
  'password, for a host': passwordPage({
    ...FORM,
    host: { clientId: '<script>', returnsTo: '"><script>', services: ['<script>'] },
  }),
  code: codePage(FORM),
  authenticator: authenticatorPage({ ...FORM, secret: 'ABCDEFGH', uri: 'otpauth://totp/x?secret=ABCDEFGH&issuer=y' }),
  'user code': userCodePage({ ...FORM, token: '"><script>' }),
  'confirm device': confirmDevicePage({
    ...FORM,
    token: 't',
    program: '<script>',
    clientId: '<script>',
    userCode: '"><script>',
  }),
  'device done': deviceDonePage(),
  'device refused': deviceRefusedPage(),
  'signed out': signedOutPage(),
  error: errorPage('redirect_uri <did> not match'),
}

test.for(Object.entries(PAGES))(
  'the page "%s" has no script, no style of its own, and what is typed is escaped',
  ([, html]) => {
    expect(html).not.toMatch(/<script|\son\w+=|style=|<style/u)
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/u)
    expect(html.match(/<h1>/gu)).toHaveLength(1)
  },
)

test.for(Object.entries(PAGES))(
  'each field of the page "%s" has a label, and says what is wrong with it',
  ([, html]) => {
    const fields = [...html.matchAll(/<input id="(\w+)"[^>]*>/gu)]
    for (const [tag, id] of fields) {
      expect(html).toContain(`<label for="${id}">`)
      expect(tag).toContain('aria-describedby="input-error"')
    }
    expect(html.includes('id="input-error"')).toBe(fields.length > 0)
  },
)
