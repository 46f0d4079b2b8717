/** Policies are put in force at a start also where the connection that holds the lock was lost: compiling blocks the process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compileModel } from '../../pdp/src/openfga/compile.ts'
import { PolicyControl } from '../../pdp/src/pap/policies.ts'
import { readSources } from '../../pdp/src/policy/pack.ts'
import { LockLost, type Locks } from '../../pdp/src/ports/locks.ts'
import { ProcessLocks } from '../../pdp/src/runtime/process-locks.ts'
import { VaultKeys } from '../../pdp/src/store/encryption.ts'
import { openSqlite } from '../../pdp/src/store/sqlite.ts'
import { createStores } from '../../pdp/src/store/stores.ts'

/** Policies over a database of one PDP, with locks that are lost `losses` times. */
async function policiesWith(losses: number, isShared: boolean): Promise<PolicyControl> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-policies-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close())
  const stores = await createStores(database, { clock: () => 100, keys: VaultKeys.random() })
  const inProcess = new ProcessLocks()
  let left = losses
  const run: Locks['run'] = (key, task, urgency) => {
    left -= 1
    return left >= 0 ? Promise.reject(new LockLost()) : inProcess.run(key, task, urgency)
  }
  return new PolicyControl({
    ...stores,
    locks: { run, runAll: (keys, task, urgency) => inProcess.runAll(keys, task, urgency) },
    read: () => readSources('pdp/policies'),
    engine: {
      compile: compileModel,
      models: { id: 'store', hasModel: () => Promise.resolve(true), writeModel: () => Promise.resolve('model') },
    },
    record: () => Promise.resolve([]),
    clock: () => 100,
    isShared,
  })
}

test('a start whose lock was lost takes it again', async () => {
  const policies = await policiesWith(2, true)
  await policies.start()
  expect(policies.current().modelId).toBe('model')
})

test('a start fails where the lock is lost each time, and at once where the database belongs to this PDP', async () => {
  await expect((await policiesWith(3, true)).start()).rejects.toThrow(LockLost)
  await expect((await policiesWith(1, false)).start()).rejects.toThrow(LockLost)
})
