import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { connect } from './pdp/client.ts'
import { requireReplaceable } from './private-output.ts'
import { profileFile } from './session/profile.ts'
import { serviceToken } from './session/service-token.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-input-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

const io = (environment: Readonly<Record<string, string>> = {}) => ({
  out: () => undefined,
  err: () => undefined,
  environment: { HOME: folder, XDG_CONFIG_HOME: folder, MANDATE_PDP: 'http://127.0.0.1:9', ...environment },
})

function exposed(name: string, content: string): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  chmodSync(file, 0o640)
  return file
}

const NOT_PRIVATE = { exit: 77, code: 'not_private', detail: expect.stringContaining('mode 0640') }

test('a token file that others may read is refused, and no longer when it is private', async () => {
  const tokenFile = exposed('token', 'mk_x\n')
  await expect(connect(io(), { tokenFile })).rejects.toMatchObject(NOT_PRIVATE)
  chmodSync(tokenFile, 0o600)
  expect(await (await connect(io(), { tokenFile })).token()).toBe('mk_x')
})

test.for(['option', 'environment'] as const)('so is a client secret, by %s', async (by) => {
  const file = exposed('secret', 'x')
  const issuer = 'http://127.0.0.1:9'
  const asked =
    by === 'option'
      ? serviceToken(io(), { clientId: 'lab', issuer, clientSecretFile: file })
      : serviceToken(io({ MANDATE_CLIENT_SECRET_FILE: file }), { clientId: 'lab', issuer })
  await expect(asked).rejects.toMatchObject(NOT_PRIVATE)
})

test('so is a sign-in', () => {
  const file = profileFile(io(), undefined)
  const profile = { v: 1, pdp: '', issuer: '', clientId: '', subject: '', refreshToken: '', idToken: '' } as const
  file.write({ ...profile, key: { kty: 'EC', crv: 'P-256', x: '', y: '', d: '' } })
  expect(file.read()?.v).toBe(1)
  chmodSync(join(folder, 'mandate/sessions/default.json'), 0o640)
  expect(() => file.read()).toThrow(expect.objectContaining(NOT_PRIVATE))
})

test('no secret is written where everybody may replace it', () => {
  chmodSync(folder, 0o777)
  expect(() => requireReplaceable(join(folder, 'lab.env'))).toThrow(
    expect.objectContaining({ exit: 77, code: 'not_private' }),
  )
})
