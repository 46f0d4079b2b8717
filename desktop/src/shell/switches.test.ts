import { expect, test } from 'vitest'
import { unwelcomeSwitches } from './switches.ts'

test.for(['remote-debugging-port', 'remote-debugging-pipe', 'no-sandbox', 'disable-web-security', 'log-net-log'])(
  '--%s is unwelcome, and named',
  (name) => {
    expect(unwelcomeSwitches((one) => one === name)).toEqual([name])
  },
)

test('what systems and people start an app with is not', () => {
  const usual = [
    'allow-file-access-from-files',
    'force-device-scale-factor',
    'ozone-platform',
    'lang',
    'password-store',
  ]
  expect(unwelcomeSwitches((one) => usual.includes(one))).toEqual([])
})
