import { expect, test } from 'vitest'
import { identifierPath, joinUrl, wellKnownUrl } from './url.ts'

test.for([
  ['https://pdp.example', '', 'https://pdp.example/.well-known/x', 'https://pdp.example/a'],
  ['https://pdp.example/', '', 'https://pdp.example/.well-known/x', 'https://pdp.example/a'],
  ['https://pdp.example/t1', '/t1', 'https://pdp.example/.well-known/x/t1', 'https://pdp.example/t1/a'],
  [
    'https://pdp.example:8443/t/1/',
    '/t/1',
    'https://pdp.example:8443/.well-known/x/t/1',
    'https://pdp.example:8443/t/1/a',
  ],
] as const)('%s: its path, its metadata, what is below it', ([identifier, path, wellKnown, inside]) => {
  expect([identifierPath(identifier), wellKnownUrl(identifier, 'x'), joinUrl(identifier, '/a')]).toEqual([
    path,
    wellKnown,
    inside,
  ])
})
