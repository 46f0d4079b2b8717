import { expect, test } from 'vitest'
import { compareVersions } from '../../auditor/page/src/console/versions.ts'

test.for([
  ['equal versions have no change', 'a@1 b@2', 'a@1 b@2', ['same', 'same']],
  ['a pack with another hash changed', 'a@1 b@2', 'a@1 b@3', ['same', 'changed']],
  ['a pack that only the later version has was added', 'b@2', 'a@1 b@2', ['added', 'same']],
  ['a pack that only the earlier version has was removed', 'a@1 b@2', 'b@2', ['removed', 'same']],
  ['the order of the packs does not matter', 'b@2 a@1', 'a@1 b@2', ['same', 'same']],
] as const)('%s', ([, before, after, changes]) => {
  expect(compareVersions(before, after).map(({ change }) => change)).toEqual(changes)
})
