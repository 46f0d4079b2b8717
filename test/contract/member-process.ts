/**
 * A process that joins a database as a PDP, takes a lock and holds it until it is killed. Says `joined` and `locked` on stdout, then `done` when it is
 * told to write on stdin, with what became of its transaction. Started by `postgres-member.test.ts` with the database's URL, an origin and a key.
 *
 * @module
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { PostgresLocks } from '../../pdp/src/store/postgres-locks.ts'
import { Member } from '../../pdp/src/store/postgres-member.ts'

const STDOUT = 1
const say = (line: string): unknown => writeSync(STDOUT, `${line}\n`)

const [url = '', origin = '', key = ''] = process.argv.slice(2)
const database = await openPostgres(url)
const member = await Member.join({
  url,
  origin,
  onJoin: async () => undefined,
  onBeat: () => undefined,
  onReplaced: (problem) => say(`replaced: ${problem}`),
  now: Date.now,
})
say('joined')
const locks = new PostgresLocks(member)
const task = locks.run(key, async () => {
  say('locked')
  await once(process.stdin, 'data')
  await database.transaction((within) => locks.requireHeld(within))
})
say(
  await task.then(
    () => 'written',
    (error: Error) => `not written: ${error.name} ${error.message}`,
  ),
)
process.stdin.unref?.()
