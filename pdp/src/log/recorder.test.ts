import type { Entry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import type { EntryDraft } from '../ports/recorder.ts'
import { requestIds } from '../runtime/request-ids.ts'
import { createRecorder } from './recorder.ts'

const SUB = '5f0c1a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f'
const OTHER = '0af7651916cd43dd8448eb211c80319c'

/** Records drafts while `sub` is a person's, and returns the entries and which texts were looked up. */
async function recorded(drafts: readonly EntryDraft[]): Promise<{ entries: readonly Entry[]; lookedUp: string[] }> {
  const appended: Entry[] = []
  const lookedUp: string[] = []
  const record = createRecorder({
    log: {
      append: async (entries) => {
        appended.push(...entries)
        return []
      },
    },
    clock: () => 0,
    newId: () => '01K0AAAAAAAAAAAAAAAAAAAAAA',
    isSub: async (text) => {
      lookedUp.push(text)
      return text === SUB
    },
  })
  await record(drafts)
  return { entries: appended, lookedUp }
}

test('an id from a caller that is a person’s sub is in no entry; others are looked up once and kept', async () => {
  const { entries, lookedUp } = await recorded([
    { kind: 'search', request_id: SUB, trace: OTHER },
    { kind: 'search', request_id: SUB, trace: OTHER },
    { kind: 'search', request_id: OTHER, trace: SUB },
  ])
  expect(entries.map(({ request_id: id, trace }) => [id, trace])).toEqual([
    [undefined, OTHER],
    [undefined, OTHER],
    [OTHER, undefined],
  ])
  expect(entries.every((entry) => Object.values(entry).every((member) => member !== SUB))).toBe(true)
  expect(lookedUp.toSorted()).toEqual([OTHER, SUB].toSorted())
})

test('an id that the PDP made is not looked up, and kept', async () => {
  const id = requestIds.create()
  const { entries, lookedUp } = await recorded([{ kind: 'search', request_id: id }])
  expect([entries[0]?.request_id, lookedUp]).toEqual([id, []])
})
