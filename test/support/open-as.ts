/**
 * Signs a person of the demo in, at the address that a browser was to open: for tests of command lines, as `xdg-open`.
 * `SIGN_IN_AS` is the login, `DEMO_SECRETS` the demo's file with the passwords.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { formBrowser } from '@mandate/keycloak'

const [address = ''] = process.argv.slice(2)
const { SIGN_IN_AS: name = '', DEMO_SECRETS: file = '' } = process.env
const { people } = JSON.parse(readFileSync(file, 'utf8'))
await formBrowser(people[name])(new URL(address))
