/**
 * The auditor's workplace and an identity provider that lets in only who shows a certificate: mutual TLS, on the real Keycloak.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, inject, onTestFinished, test } from 'vitest'
import { readConfig } from '../../auditor/src/server/config.ts'
import { startAuditor } from '../../auditor/src/server/start.ts'
import { makeCertificates, startTlsFront } from '../support/tls-front.ts'

const { issuer, clientSecrets } = inject('identity')

test('at endpoints that require a client certificate it reaches the identity provider by its own, and by a stranger’s it does not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-auditor-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // The page is not what this is about, and in a fresh clone nobody may have built it yet.
  writeFileSync(join(folder, 'index.html'), '')
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')]
  for (const one of [ours, theirs]) makeCertificates(one, 'auditor', 'keycloak')
  const keycloak = await startTlsFront(issuer, ours, 'keycloak')
  onTestFinished(keycloak.stop)
  const signIn = async (shown: string) => {
    const config = readConfig({
      AUDITOR_PORT: '0',
      AUDITOR_PUBLIC_URL: 'https://127.0.0.1',
      AUDITOR_ISSUER: issuer,
      AUDITOR_IDENTITY_URL: keycloak.url + new URL(issuer).pathname,
      AUDITOR_PAGE_DIR: folder,
      AUDITOR_CLIENT_SECRET: clientSecrets.auditor,
      AUDITOR_PDP_URL: 'http://127.0.0.1:9',
      AUDITOR_TLS_CA_FILE: join(ours, 'ca.pem'),
      AUDITOR_TLS_CERT_FILE: join(shown, 'auditor.pem'),
      AUDITOR_TLS_KEY_FILE: join(shown, 'auditor.key'),
    })
    const auditor = await startAuditor(config, pino({ level: 'silent' }))
    onTestFinished(auditor.close)
    return new Promise<number | undefined>((resolve, reject) => {
      get(`${auditor.url}/sign-in`, { ca: readFileSync(join(shown, 'ca.pem')), agent: false }, ({ statusCode }) =>
        resolve(statusCode),
      ).on('error', reject)
    })
  }
  expect([await signIn(ours), await signIn(theirs)]).toEqual([303, 503])
})
