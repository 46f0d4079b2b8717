/**
 * An embedded issuer, in a process of its own, as the subject of the realm's contract.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DIFFERENCES, type IssuerAdmin, openIssuerAdmin } from '@mandate/issuer'
import {
  type EmbeddedIssuer,
  freePort,
  loadSecrets,
  provisionEmbeddedPeople,
  startEmbeddedIssuer,
} from '@mandate/stack'
import type { RealmAdmin, RealmUnderTest } from './subject.ts'

export interface EmbeddedSubject extends RealmUnderTest {
  readonly server: EmbeddedIssuer
  close(): Promise<void>
}

/** Starts one with fresh secrets, and the people of the demo. */
export async function openEmbeddedSubject(): Promise<EmbeddedSubject> {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-issuer-'))
  const dataDir = join(folder, 'issuer')
  const secrets = loadSecrets(folder)
  const logoutPort = await freePort()
  const logoutUrl = `http://127.0.0.1:${logoutPort}/backchannel-logout`
  await provisionEmbeddedPeople(dataDir, secrets.people)
  const server = await startEmbeddedIssuer({ dataDir, secrets, logoutUrl, logLevel: 'warn' })
  const { issuer, url, clientSecrets } = server
  const admin = openIssuerAdmin(dataDir)
  return {
    name: 'embedded issuer',
    identity: { issuer, url, clientSecrets, people: secrets.people, admin: undefined },
    admin: { ...adminOf(admin, issuer), expiring: (start) => expiring(dataDir, start) },
    logoutPort,
    differs: (difference) => DIFFERENCES[difference],
    server,
    close: async () => {
      admin.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function expiring<T>(dataDir: string, start: () => Promise<T>): Promise<T> {
  const started = await start()
  const database = new DatabaseSync(join(dataDir, 'issuer.db'))
  const now = Math.floor(Date.now() / 1_000)
  database
    .prepare(
      "UPDATE state SET payload = json_set(payload, '$.exp', ?) WHERE rowid = (SELECT max(rowid) FROM state WHERE model = 'DeviceCode')",
    )
    .run(now)
  database.close()
  return started
}

function adminOf(admin: IssuerAdmin, issuer: string): Omit<RealmAdmin, 'expiring'> {
  return {
    addPerson: (person) => admin.addPerson(person),
    deletePerson: async (username) => admin.deletePerson(username),
    endSessions: (username) => admin.endSessions(username, issuer),
    giveRole: async (username, role) => admin.giveRole(username, role),
    withdrawRole: async (username, role) => admin.withdrawRole(username, role),
    idOf: async (username) => {
      const id = admin.idOf(username)
      if (id === undefined) throw new TypeError(`there is no login ${username}`)
      return id
    },
    setClientSecret: async (clientId, secret) => admin.setClientSecret(clientId, secret),
    addKeyedService: async (clientId, keys) => admin.addKeyedService(clientId, { keys: [...keys] }),
    addService: async (clientId, calls, secret) => admin.addService({ clientId, calls }, secret),
    addHost: async (clientId, redirectUris, calls) => admin.addHost({ clientId, redirectUris, calls }),
    removeService: async (clientId) => admin.removeClient(clientId),
    removeClient: async (clientId) => admin.removeClient(clientId),
    rotateKey: async () => {
      admin.rotateKey()
      return async () => undefined
    },
  }
}
