/**
 * Packs and questions in addresses.
 */
import { expect, test } from 'vitest'
import { packFragment, type Shared, unpackFragment } from './share.ts'

const texts = { 'model.fga': 'module a', 'manifest.yaml': 'domain: a', 'cases.yaml': '# ü', 'facts.yaml': '' }
const shared: Shared = {
  texts,
  form: {
    case: 0,
    subject: 'ann',
    actor: '',
    persona: '',
    action: 'read',
    what: 'list',
    with: { volume: '1' },
    with_subject: {},
    with_action: {},
  },
}

test('what was packed is unpacked, and the fragment needs no escaping', async () => {
  const fragment = await packFragment(shared)
  expect(fragment).toMatch(/^#1=[\w-]+$/)
  expect(await unpackFragment(fragment)).toEqual(shared)
})

test('a fragment of another kind, a damaged one, and one with other members hold nothing', async () => {
  const fragment = await packFragment(shared)
  const other = await packFragment({ texts, more: 1 } as never)
  for (const bad of ['', '#chapter', '#1=', '#1=%%%', fragment.slice(0, -9), other])
    expect(await unpackFragment(bad)).toBeUndefined()
})

test('a few bytes that unpack to very much are not unpacked', async () => {
  const bomb = await packFragment({ texts: { ...texts, 'cases.yaml': 'a'.repeat(5_000_000) } })
  expect(bomb.length).toBeLessThan(100_000)
  expect(await unpackFragment(bomb)).toBeUndefined()
})
