/**
 * Opens a page in the person's browser, by the program that each system has for it.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Opens a page. Rejects when the program does not exist or fails. */
export async function openInBrowser(url: URL): Promise<void> {
  const [command = '', ...args] = programFor(process.platform, url)
  const child = spawn(command, args, { stdio: 'ignore' })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} failed`)
}

/** @param platform - As `process.platform`. */
export function programFor(platform: string, { href }: URL): readonly string[] {
  if (platform === 'darwin') return ['open', href]
  // `start` of cmd.exe would interpret "&" in the URL.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', href]
  return ['xdg-open', href]
}

/** Whether a browser can be shown: on Linux only with a display, and never over SSH. */
export function hasBrowser(platform: string, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['SSH_CONNECTION']) return false
  return platform === 'darwin' || platform === 'win32' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'])
}
