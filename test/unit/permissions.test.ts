import { expect, test } from 'vitest'
import { permissionsDocument } from '../support/permissions.ts'

test('docs/permissions.md says what is tried against a running PDP', async () => {
  await expect(permissionsDocument()).toMatchFileSnapshot('../../docs/permissions.md')
})
