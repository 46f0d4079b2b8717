/**
 * The fuses of a packaged app, read back from its executable.
 *
 * @module
 */
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses'

/** By name, as Electron's documentation has them; `undefined` for one that the executable leaves to Electron. */
export async function readFuses(executable: string): Promise<Readonly<Record<string, boolean | undefined>>> {
  const { version: _version, resetAdHocDarwinSignature: _reset, ...wire } = await getCurrentFuseWire(executable)
  return Object.fromEntries(
    Object.entries(wire).map(([index, state]) => [FuseV1Options[Number(index)] ?? index, stateOf(state)]),
  )
}

function stateOf(state: unknown): boolean | undefined {
  if (state === FuseState.ENABLE) return true
  return state === FuseState.DISABLE ? false : undefined
}
