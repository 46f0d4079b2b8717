import { expect, test } from 'vitest'
import { startObjections } from './switches.ts'

const start = (args: readonly string[], platform: NodeJS.Platform = 'linux', env = {}): readonly string[] =>
  startObjections({ platform, args: ['/opt/Mandate/mandate', ...args], env }).map(
    (words) => words.split(':', 1)[0] ?? '',
  )

test.for([
  'remote-debugging-port=9222',
  'remote-debugging-pipe',
  'renderer-cmd-prefix=/tmp/evil',
  'utility-cmd-prefix=/tmp/evil',
  'gpu-launcher=/tmp/evil',
  'proxy-server=evil.example:8080',
  'proxy-pac-url=http://evil.example/pac',
  'host-resolver-rules=MAP * 127.0.0.1',
  'host-rules=MAP * 127.0.0.1',
  'auth-server-allowlist=*',
  'ignore-certificate-errors-spki-list=x',
  'user-data-dir=/tmp/other',
  'no-sandbox',
  'disable-web-security',
  'disable-features=IsolateOrigins',
  'enable-logging',
  'log-net-log=/tmp/log',
  'js-flags=--allow-natives-syntax',
  'load-extension=/tmp/evil',
  'inspect=9229',
  'a-switch-of-tomorrow',
])('--%s does not start the app, and is named', (given) => {
  const named = `--${given.split('=', 1)[0]}`
  for (const written of [`--${given}`, `-${given}`, ` --${given}`]) expect(start([written])).toEqual([named])
  for (const written of [`/${given}`, `--${given.toUpperCase()}`]) expect(start([written], 'win32')).toEqual([named])
  // Chromium reads none behind a bare `--`; refusing them costs nothing.
  expect(start(['mandate://invitation/x', '--', `--${given}`])).toEqual([named])
})

test('what systems and people start an app with does', () => {
  const usual = [
    '--force-device-scale-factor=2',
    '--ozone-platform=wayland',
    '--lang=es',
    '--password-store=gnome-libsecret',
  ]
  expect(start([...usual, 'mandate://invitation/x', '/home/ada/a.txt', '-', '--'])).toEqual([])
  expect(start(['mandate://invitation/x'], 'win32')).toEqual([])
  expect(start([])).toEqual([])
})

test('every bad switch is named, once', () => {
  expect(start(['--no-sandbox', '--no-sandbox', '--proxy-server=x', '--lang=es'])).toEqual([
    '--no-sandbox',
    '--proxy-server',
  ])
})

test.for([
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ['ELECTRON_ENABLE_LOGGING', '1'],
  ['NODE_DEBUG', 'http'],
  ['SSLKEYLOGFILE', '/tmp/keys'],
] as const)('%s=%s does not start the app, and is named', ([name, value]) => {
  expect(start([], 'linux', { [name]: value })).toEqual([name])
})

test('certificates that are verified are no objection', () => {
  expect(
    start([], 'linux', { NODE_TLS_REJECT_UNAUTHORIZED: '1', NODE_EXTRA_CA_CERTS: '/etc/ca.pem', NODE_DEBUG: '' }),
  ).toEqual([])
})
