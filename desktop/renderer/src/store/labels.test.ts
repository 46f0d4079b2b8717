import { expect, test } from 'vitest'
import type { Bridge } from '../../../src/shared/channel.ts'
import { Labels } from './labels.ts'

test('a part is asked for together with its thing, also when that is known already', async () => {
  const asked: (readonly string[])[] = []
  const call = async (_name: string, { ids }: { readonly ids: readonly string[] }) => {
    asked.push(ids)
    return { ok: true, value: { labels: Object.fromEntries(ids.map((id) => [id, `name of ${id}`])) } }
  }
  const labels = new Labels({ call, on: () => () => undefined } as unknown as Bridge)
  labels.labelOf('care_plan:p')
  await expect.poll(() => labels.labelOf('care_plan:p')).toBe('name of care_plan:p')
  labels.partOf('care_task:t', 'care_plan:p')
  await expect.poll(() => labels.partOf('care_task:t', 'care_plan:p')).toBe('name of care_task:t')
  labels.labelOf('care_plan:~hidden')
  expect(asked).toEqual([['care_plan:p'], ['care_plan:p', 'care_task:t']])
})

test('ids beyond the most of one request are asked for in the next one', async () => {
  const asked: number[] = []
  const call = async (_name: string, { ids }: { readonly ids: readonly string[] }) => {
    asked.push(ids.length)
    return { ok: true, value: { labels: {} } }
  }
  const labels = new Labels({ call, on: () => () => undefined } as unknown as Bridge)
  for (let at = 0; at < 501; at++) labels.labelOf(`care_plan:p${at}`)
  await expect.poll(() => asked).toEqual([500, 1])
})
