import { openSync, readSync } from 'node:fs'
import { expect, test } from 'vitest'
import { platformsOf } from './executable.ts'

/** A header of 256 bytes with numbers at offsets. */
function header(...parts: readonly (readonly [at: number, hex: string])[]): Buffer {
  const head = Buffer.alloc(256)
  for (const [at, hex] of parts) head.set(Buffer.from(hex, 'hex'), at)
  return head
}

test.for([
  ['ELF for x64', header([0, '7f454c46'], [18, '3e00']), ['linux-x64']],
  ['ELF for arm64', header([0, '7f454c46'], [18, 'b700']), ['linux-arm64']],
  ['ELF for RISC-V', header([0, '7f454c46'], [18, 'f300']), []],
  ['Mach-O for arm64', header([0, 'cffaedfe0c000001']), ['darwin-arm64']],
  [
    'a universal Mach-O',
    header([0, 'cafebabe00000002'], [8, '01000007'], [28, '0100000c']),
    ['darwin-x64', 'darwin-arm64'],
  ],
  [
    'a universal header that promises more than there is',
    header([0, 'cafebabeffffffff'], [8, '01000007']),
    ['darwin-x64'],
  ],
  ['a script', Buffer.from('#!/bin/sh\n'.padEnd(256)), []],
  ['a file that is cut off', Buffer.from('7f454c46', 'hex'), []],
] as const)('%s', ([, head, platforms]) => {
  expect(platformsOf(head)).toEqual(platforms)
})

test.runIf(process.platform === 'linux' || process.platform === 'darwin')(
  'the Node that runs this is for this machine',
  () => {
    const head = Buffer.alloc(256)
    readSync(openSync(process.execPath, 'r'), head)
    expect(platformsOf(head)).toContain(`${process.platform}-${process.arch}`)
  },
)
