/**
 * Which platform a program is for, by the header of its file: ELF (Linux) or Mach-O (macOS). Pure.
 *
 * @module
 */
import type { Platform } from './pieces.ts'

const ELF_MACHINES: ReadonlyMap<number, Platform> = new Map([
  [0x3e, 'linux-x64'],
  [0xb7, 'linux-arm64'],
])
const MACH_CPUS: ReadonlyMap<number, Platform> = new Map([
  [0x01_00_00_07, 'darwin-x64'],
  [0x01_00_00_0c, 'darwin-arm64'],
])
const ELF = 0x7f_45_4c_46
const MACH_64 = 0xcf_fa_ed_fe
/** Several programs in one file, a processor each. */
const MACH_UNIVERSAL = 0xca_fe_ba_be
/** Size of the description of one program in a universal file. */
const UNIVERSAL_ENTRY = 20

/**
 * Platforms that a program is for; empty for anything else than a 64-bit program of Linux or macOS.
 *
 * @param head - The first bytes of the file, 256 or more.
 */
export function platformsOf(head: Buffer): readonly Platform[] {
  if (head.length < 32) return []
  const magic = head.readUInt32BE(0)
  if (magic === ELF) return found(ELF_MACHINES.get(head.readUInt16LE(18)))
  if (magic === MACH_64) return found(MACH_CPUS.get(head.readUInt32LE(4)))
  if (magic !== MACH_UNIVERSAL) return []
  const count = Math.min(head.readUInt32BE(4), Math.floor((head.length - 8) / UNIVERSAL_ENTRY))
  return Array.from({ length: count }, (_, at) => head.readUInt32BE(8 + at * UNIVERSAL_ENTRY)).flatMap((cpu) =>
    found(MACH_CPUS.get(cpu)),
  )
}

const found = (platform: Platform | undefined): readonly Platform[] => (platform === undefined ? [] : [platform])
