import { describe, expect, test } from 'vitest'
import { isLink, linkIn, mayOpen } from './links.ts'

const ISSUER = 'https://id.example/realms/mandate'
const DOCUMENT = 'https://mandate.example/security'

describe('a link from outside', () => {
  test('is found among the arguments of a start', () => {
    expect(linkIn(['mandate', '--flag', 'mandate://invitation/abc'])).toBe('mandate://invitation/abc')
    expect(linkIn(['mandate', '--flag=mandate://invitation/abc'])).toBeUndefined()
  })

  test.for([
    ['another scheme', 'https://invitation/abc'],
    ['another scheme that starts alike', 'mandates://invitation/abc'],
    ['a space', 'mandate://invitation/a b'],
    ['a line break', 'mandate://invitation/a\nb'],
    ['a name in front of the host', 'mandate://user@invitation/abc'],
    ['nothing behind the scheme', 'mandate://'],
    ['more than 512 characters', `mandate://${'a'.repeat(503)}`],
  ] as const)('with %s is none', ([, text]) => {
    expect(isLink(text)).toBe(false)
  })

  test('of exactly 512 characters is one', () => {
    expect(isLink(`mandate://${'a'.repeat(502)}`)).toBe(true)
  })
})

describe('the system browser is shown', () => {
  test.for([
    ['any page of the issuer', 'https://id.example/realms/mandate/auth?a=b'],
    ['a document, exactly', DOCUMENT],
  ] as const)('%s', ([, url]) => {
    expect(mayOpen(new URL(url), ISSUER, [DOCUMENT])).toBe(true)
  })

  test('an issuer on this machine, without TLS', () => {
    const issuer = 'http://127.0.0.1:8080/realms/mandate'
    expect(mayOpen(new URL('http://127.0.0.1:8080/auth'), issuer, [])).toBe(true)
    expect(mayOpen(new URL('http://127.0.0.1:8081/auth'), issuer, [])).toBe(false)
  })
})

describe('the system browser is not shown', () => {
  test.for([
    ['another host', 'https://evil.example/'],
    ['a host that starts like the issuer', 'https://id.example.evil.example/'],
    ['the issuer as a name in front of another host', 'https://id.example@evil.example/'],
    ['the issuer with a password', 'https://a:b@id.example/'],
    ['another port of the issuer', 'https://id.example:8443/'],
    ['the issuer without TLS', 'http://id.example/'],
    ['more of a document than is listed', `${DOCUMENT}/more`],
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['a share of the network', 'smb://id.example/share'],
    ['a program of the system', 'ms-settings:privacy'],
  ] as const)('%s', ([, url]) => {
    expect(mayOpen(new URL(url), ISSUER, [DOCUMENT])).toBe(false)
  })

  test('an issuer elsewhere without TLS, even when it is configured', () => {
    expect(mayOpen(new URL('http://id.example/auth'), 'http://id.example', [])).toBe(false)
  })
})
