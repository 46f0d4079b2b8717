/**
 * For tests of what several PDPs share on one PostgreSQL database: the connections that show that a PDP is running.
 *
 * @module
 */
import { onTestFinished } from 'vitest'
import { Member, type MemberOptions } from '../../pdp/src/store/postgres-member.ts'
import { prepareDatabase } from '../../pdp/src/store/postgres-migrations.ts'

/** One PDP of the database, as far as its locks show it. It leaves at the end of the test. */
export async function joined(url: string, options: Partial<MemberOptions> = {}): Promise<Member> {
  await prepareDatabase(url)
  const member = await Member.join({
    url,
    origin: 'one',
    onJoin: async () => undefined,
    onBeat: () => undefined,
    onReplaced: () => undefined,
    now: Date.now,
    ...options,
  })
  onTestFinished(() => member.close())
  return member
}
