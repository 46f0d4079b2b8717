/**
 * The table of `docs/rotation.md` against the settings and files that hold a secret, and against what a running PDP takes from its files again.
 */
import { expect, test } from 'vitest'
import { parseConfig } from '../../pdp/src/config.ts'
import { createReload } from '../../pdp/src/reload.ts'
import { read } from '../support/compose-file.ts'

const SECRET =
  /(?:SECRET|PASSWORD|TOKEN|SIGNALS|SIGNAL_RECEIVERS|(?:_|^)KEYS?|KEY_FILE|TLS_(?:CERT|CA|CLIENT_CA)(?:_FILE)?|(?:STORE|INDEX|DATABASE)_URL)$/u

const settings = [...read('.env.example').matchAll(/^# ?([A-Z][A-Z_]+)=/gmu)]
  .map(([, name]) => name ?? '')
  .filter((name) => SECRET.test(name) && !name.endsWith('_PLAIN_HTTP_HOSTS'))
const [, table = ''] = /^## Which secret, and how$(.*?)^\*\*/msu.exec(read('docs/rotation.md')) ?? []
const documented = [...table.matchAll(/`([*A-Za-z_.]+)`/gu)].map(([, name]) => name ?? '')

const isDocumented = (name: string): boolean =>
  documented.some((one) => one === name || (one.startsWith('*') && name.endsWith(one.slice(1))))

test.for([...new Set(settings)])('%s has a row, and says how it is rotated', (name) => {
  expect(isDocumented(name) || isDocumented(`${name}_FILE`)).toBe(true)
})

test('every file of deploy/secrets has a row', () => {
  const compose = read('docker-compose.yml')
  const files = [...compose.matchAll(/^ {2}(\w+): \{ file: "\$\{MANDATE_SECRETS_DIR/gmu)].map(([, name]) => name ?? '')
  expect(files.length).toBeGreaterThan(15)
  // Read once, by the script that makes the databases: what counts afterwards is in the URLs.
  const atFirstStart = ['openfga_db_password', 'pdp_db_password', 'trips_db_password']
  expect(files.filter((name) => !isDocumented(name) && !atFirstStart.includes(name))).toEqual([])
})

test('a running PDP takes every secret from its file again, or says that it takes effect at the next start', () => {
  const { config } = parseConfig(
    { PDP_DATA_DIR: '/data', PDP_LOG_ORIGIN: 'x.example', ENGINE: 'embedded', PDP_ISSUER: 'https://idp.example' },
    () => '',
  )
  const reload = createReload({
    config,
    clientTls: undefined,
    http: { metadataKeys: undefined, signalKeys: undefined },
    listeners: [],
    replaceIndexUrl: () => undefined,
  })
  const names = [...reload.files, ...(reload.filesAtStart ?? [])]
  const ofPdp = settings.filter((name) => /^(?:PDP|OPENFGA)_/u.test(name))
  expect(names.toSorted()).toEqual(ofPdp.map((name) => (name.endsWith('_FILE') ? name : `${name}_FILE`)).toSorted())
})
